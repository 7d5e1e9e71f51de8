#include "evaluate/tree_fetch.h"

#include <set>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/unpack_archive.h"
#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr const char* kTime = "time";
constexpr const char* kEtag = "etag";
constexpr std::uint64_t kMostTreeEntries = 2'000'000;

/// `cp` as the programs' identity: what that may not read is not copied.
void copy_confined(const std::filesystem::path& from, const std::filesystem::path& work,
                   const std::filesystem::path& to, const FetchRun& run) {
  FetchRun::Call call;
  call.arguments = {"cp", "-R", "-H", "--", from.string(), to.string()};
  call.directory = work;
  call.grows = work;
  const auto output = run.run(call);
  if (output.status.success()) return;
  const auto words = printable(trim(output.standard_error.substr(0, 1000)));
  const auto message = "cannot copy '" + from.string() + "': " + words;
  if (words.find("Permission denied") != std::string::npos) {
    const auto& identity = run.space().options().identity;
    throw DeniedError(message + (identity ? " (it must be readable for uid " +
                                                std::to_string(identity->first) + ")"
                                          : std::string()));
  }
  if (words.find("No such file") != std::string::npos) throw NotFoundError(message);
  throw InvalidError(message);
}

/// Refuses what is larger than may be.
class BoundedSink final : public Sink {
 public:
  BoundedSink(Sink& next, std::uint64_t limit, const FetchRun& run)
      : next_(next), left_(limit), limit_(limit), run_(run) {}
  void write(std::string_view data) override {
    run_.check();
    if (data.size() > left_) {
      throw InvalidError("the archive has more than " + format_bytes(limit_));
    }
    left_ -= data.size();
    next_.write(data);
  }

 private:
  Sink& next_;
  std::uint64_t left_;
  std::uint64_t limit_;
  const FetchRun& run_;
};

KnownTree add_unpacked(int archive, const std::string& key, const std::string& etag,
                       const TemporaryDirectory& work, const FetchRun& run,
                       const KnownTrees& known) {
  const auto tree = work.path() / "tree";
  grange::create_directories(tree);
  UnpackLimits limits;
  limits.max_bytes = run.space().options().max_bytes;
  limits.max_entries = kMostTreeEntries;
  const auto top =
      unpack_archive(archive, tree, limits, {[](const std::string&) {}, [&] { run.check(); }});
  auto root = tree;
  if (top.size() == 1) {
    const auto only = tree / *top.begin();
    if (std::filesystem::is_directory(std::filesystem::symlink_status(only))) root = only;
  }
  return known.add(key, root, {{kEtag, etag}});
}

}  // namespace

StorePath fetch_path(const PathInput& input, const FetchRun& run, const KnownTrees& known) {
  const auto key = "path\n" + input.path.string();
  const auto now = to_unix(run.space().clock().now());
  if (const auto tree = known.find(key)) {
    const auto time = tree->facts.find(kTime);
    const auto copied = time == tree->facts.end() ? std::nullopt : parse_number(time->second);
    const auto age = now - static_cast<std::int64_t>(copied.value_or(0));
    if (copied && age >= 0 && static_cast<double>(age) < input.validity.count()) return tree->path;
  }
  const auto work = run.space().make_work_directory();
  const auto copy = work.path() / "copy";
  copy_confined(input.path, work.path(), copy, run);
  run.check();
  return known.add(key, copy, {{kTime, std::to_string(now)}}).path;
}

StorePath fetch_tarball(const TarballInput& input, const FetchRun& run, const KnownTrees& known,
                        HttpClient& http) {
  const auto key = "tarball\n" + input.url.to_string();
  const auto limit = run.space().options().max_tarball;
  // Not given to the programs: nobody else may exchange what is unpacked here.
  const TemporaryDirectory work(run.space().work());
  if (input.url.scheme() == "file") {
    const auto given = run.space().make_work_directory();
    const auto copy = given.path() / "archive";
    copy_confined(input.url.decoded_path(), given.path(), copy, run);
    const auto file = open_file(copy, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) throw_errno("looking at", copy.string());
    if (!S_ISREG(status.st_mode)) {
      throw InvalidError("'" + input.url.decoded_path() + "' is not a file");
    }
    if (static_cast<std::uint64_t>(status.st_size) > limit) {
      throw InvalidError("the archive has more than " + format_bytes(limit));
    }
    return add_unpacked(file.get(), key, "", work, run, known).path;
  }
  const auto before = known.find(key);
  HttpRequest request(input.url);
  request.deadline = run.deadline();
  if (before) {
    const auto etag = before->facts.find(kEtag);
    if (etag != before->facts.end() && !etag->second.empty()) {
      request.headers.set("If-None-Match", etag->second);
    }
  }
  const auto file = open_file(work.path() / "archive", O_RDWR | O_CREAT | O_EXCL, 0600);
  FdSink sink(file.get());
  BoundedSink bounded(sink, limit, run);
  const auto response = http.download(std::move(request), bounded, run.stop());
  if (response.status == 304 && before) return before->path;
  throw_for_status(response);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno("rewinding an archive");
  const auto etag = std::string(response.headers.get("ETag").value_or(""));
  return add_unpacked(file.get(), key, etag, work, run, known).path;
}

}  // namespace grange
