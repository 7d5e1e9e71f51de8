#include "command/store_path_argument.h"

#include <filesystem>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

/// The base name of the object that `path` lies in, when it lies below `directory`.
std::optional<std::string> object_below(const fs::path& path, const fs::path& directory) {
  const std::string text = path.string();
  const std::string prefix = directory.string() + "/";
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size(), text.find('/', prefix.size()) - prefix.size());
}

}  // namespace

StorePath parse_store_path_argument(const StoreLocation& location, const std::string& argument) {
  constexpr int kMaxLinks = 40;
  if (auto path = StorePath::try_parse(argument)) return std::move(*path);
  fs::path path = (fs::current_path() / argument).lexically_normal();
  for (int links = 0; links < kMaxLinks; ++links) {
    for (const fs::path& directory : {fs::path(location.store_dir.str()), location.real_store}) {
      const auto name = object_below(path, directory);
      if (name && !name->empty()) {
        return with_context([&] { return "while reading the argument '" + argument + "'"; },
                            [&] { return StorePath::parse(*name); });
      }
    }
    std::error_code error;
    const fs::path target = fs::read_symlink(path, error);
    if (error) break;
    path = (path.parent_path() / target).lexically_normal();
  }
  throw InvalidError("'" + argument + "' is neither in '" + location.store_dir.str() +
                     "' nor a link into it");
}

}  // namespace grange
