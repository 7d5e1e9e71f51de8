#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "store/gc_roots.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTextLimit = std::uint64_t{64} << 20;

bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("+-._?=").find(c) != std::string_view::npos;
}

class RuntimeRootFinder {
 public:
  explicit RuntimeRootFinder(const StoreLocation& location)
      : location_(location),
        prefixes_{location.store_dir.str() + "/", location.real_store.string() + "/"} {}

  void look_at_process(const fs::path& process) {
    for (const char* link : {"exe", "cwd"}) look_at_link(process / link);
    std::error_code error;  // the process may end, or be another user's
    for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end;
         entry.increment(error)) {
      look_at_link(entry->path());
    }
    for (const char* file : {"maps", "environ"}) look_at_text(process / file);
  }

  /// Everything in a file that looks like a path of the store.
  void look_at_text(const fs::path& file) {
    std::string text;
    try {
      auto read = try_read_file(file, kTextLimit);
      if (!read) return;
      text = std::move(*read);
    } catch (const Error&) {  // as above
      return;
    }
    for (const std::string& prefix : prefixes_) {
      for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
        at += prefix.size();
        auto end = at;
        while (end < text.size() && is_name_character(text[end])) ++end;
        add(StorePath::try_parse(std::string_view(text).substr(at, end - at)), file);
      }
    }
  }

  std::vector<StoreRoot> take() { return std::move(roots_); }

 private:
  void look_at_link(const fs::path& link) {
    std::error_code error;
    const fs::path target = fs::read_symlink(link, error);
    if (!error) add(object_at(location_, target.string()), link);
  }

  void add(std::optional<StorePath> path, const fs::path& origin) {
    if (!path || !seen_.insert(*path).second) return;
    roots_.push_back({std::move(*path), origin.string()});
  }

  const StoreLocation& location_;
  const std::array<std::string, 2> prefixes_;
  std::set<StorePath> seen_;
  std::vector<StoreRoot> roots_;
};

}  // namespace

std::vector<StoreRoot> find_runtime_roots(const StoreLocation& location, const fs::path& proc) {
  RuntimeRootFinder finder(location);
  std::error_code error;
  for (fs::directory_iterator entry(proc, error), end; !error && entry != end;
       entry.increment(error)) {
    if (parse_number(entry->path().filename().string())) finder.look_at_process(entry->path());
  }
  // Programs that the kernel starts by itself.
  for (const char* file : {"modprobe", "fbsplash", "poweroff_cmd"}) {
    finder.look_at_text(proc / "sys/kernel" / file);
  }
  return finder.take();
}

}  // namespace grange
