#include "build/builtin_fetchurl.h"

#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/nar.h"
#include "base/compression.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/stream.h"
#include "base/text.h"

namespace grange {
namespace {

/// Refuses to grow beyond a limit: a small archive may unpack to a large one.
class LimitedSource final : public Source {
 public:
  LimitedSource(Source& from, std::uint64_t limit) : from_(from), left_(limit) {}
  std::size_t read(char* buffer, std::size_t size) override {
    const auto count = from_.read(buffer, size);
    if (count > left_) throw InvalidError("it unpacks to more bytes than are allowed");
    left_ -= count;
    return count;
  }

 private:
  Source& from_;
  std::uint64_t left_;
};

class Fetch {
 public:
  Fetch(const FetchRequest& request, const Clock& clock, const std::stop_token& stop)
      : request_(request), clock_(clock), stop_(stop) {}

  std::optional<BuildFailure> run() {
    const auto url = request_.derivation.variable("url");
    if (!request_.derivation.is_fixed()) return failure("it makes fixed outputs only");
    if (!url || url->empty()) return failure("there is no attribute 'url'");
    try {
      if (!fetch_from_mirrors()) fetch(std::string(*url));
      place(*url);
      return std::nullopt;
    } catch (const SystemError&) {
      throw;
    } catch (const CancelledError&) {
      throw;
    } catch (const TimeoutError& error) {
      return BuildFailure{Outcome::timed_out, error.what()};
    } catch (const Error& error) {
      return failure(error.what());
    }
  }

 private:
  static BuildFailure failure(std::string message) { return {Outcome::failed, std::move(message)}; }

  void report(const std::string& line) const {
    if (request_.options.report) request_.options.report(line);
  }

  void fetch(const std::string& url) {
    report(fmt::format("downloading '{}'", printable(url)));
    ::unlink(request_.spool.c_str());
    file_ = open_file(request_.spool, O_RDWR | O_CREAT | O_EXCL, 0600);
    download(url, file_.get(), request_.options, clock_, stop_);
  }

  bool fetch_from_mirrors() {
    const auto& output = request_.derivation.outputs.begin()->second;
    const auto& promise = std::get<FixedOutput>(output).address;
    if (promise.method != ContentMethod::flat) return false;
    for (const auto& mirror : request_.hashed_mirrors) {
      const auto url =
          fmt::format("{}{}{}/{}", mirror, mirror.ends_with('/') ? "" : "/",
                      to_string(promise.hash.algorithm()), promise.hash.digits(HashFormat::base16));
      try {
        fetch(url);
        if (hash_of_download(promise.hash.algorithm()) == promise.hash) return true;
        report("it has another content");
      } catch (const CancelledError&) {
        throw;
      } catch (const TimeoutError&) {
        throw;
      } catch (const SystemError&) {
        throw;
      } catch (const Error& error) {
        report(error.what());
      }
    }
    return false;
  }

  void rewind() const {
    if (::lseek(file_.get(), 0, SEEK_SET) != 0) throw_errno("rewinding a download");
  }

  Hash hash_of_download(HashAlgorithm algorithm) const {
    rewind();
    FdSource source(file_.get());
    HashSink sink(algorithm);
    drain(source, sink);
    return sink.finish();
  }

  void place(std::string_view url) const {
    if (request_.derivation.flag("unpack")) {
      unpack(url.ends_with(".xz"));
      ::unlink(request_.spool.c_str());
      return;
    }
    const mode_t mode = request_.derivation.flag("executable") ? 0755 : 0644;
    if (::fchmod(file_.get(), mode) != 0 ||
        ::rename(request_.spool.c_str(), request_.output.c_str()) != 0) {
      throw_errno("placing a download at", request_.output.string());
    }
  }

  void unpack(bool compressed) const {
    rewind();
    FdSource downloaded(file_.get());
    const auto decompressed =
        make_decompression_source(compressed ? Compression::xz : Compression::none, downloaded);
    LimitedSource source(*decompressed, request_.options.limits.max_bytes);
    with_context([] { return std::string("while unpacking the download"); },
                 [&] { restore_nar(request_.output, source); });
  }

  const FetchRequest& request_;
  const Clock& clock_;
  const std::stop_token& stop_;
  FileDescriptor file_;
};

}  // namespace

std::optional<BuildFailure> fetch_url(const FetchRequest& request, const Clock& clock,
                                      const std::stop_token& stop) {
  return Fetch(request, clock, stop).run();
}

}  // namespace grange
