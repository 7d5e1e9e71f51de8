#include "build/download.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"
#include "base/text.h"
#include "build/curl_transfer.h"

namespace grange {
namespace {

constexpr std::string_view kFileScheme = "file://";

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = text[at] == '%' && at + 2 < text.size()
                          ? base16_decode(text.substr(at + 1, 2))
                          : std::nullopt;
    if (!byte) {
      decoded += text[at];
      continue;
    }
    decoded += static_cast<char>(byte->front());
    at += 2;
  }
  return decoded;
}

void copy_local_file(std::string_view url, int file, const DownloadOptions& options) {
  auto rest = url.substr(kFileScheme.size());
  if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  const auto path = percent_decoded(rest);
  if (!path.starts_with('/') || path.find('\0') != std::string::npos) {
    throw InvalidError("it does not name an absolute path");
  }
  // Without O_NONBLOCK opening a named pipe would wait for its other end.
  const auto from = open_file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (::fstat(from.get(), &status) != 0) throw_errno("looking at", path);
  if (!S_ISREG(status.st_mode)) throw InvalidError("'" + path + "' is not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) > options.limits.max_bytes) {
    throw InvalidError("it is larger than " + format_bytes(options.limits.max_bytes));
  }
  FdSource source(from.get());
  FdSink sink(file);
  drain(source, sink);
}

[[noreturn]] void fail(const TransferEnd& end) {
  switch (end.kind) {
    case TransferEnd::Kind::not_found:
      throw NotFoundError(end.problem);
    case TransferEnd::Kind::denied:
      throw DeniedError(end.problem);
    case TransferEnd::Kind::invalid:
      throw InvalidError(end.problem);
    default:
      throw UnavailableError(end.problem);
  }
}

/// Waits before the next try; throws when stopped, or when the deadline comes first.
void wait(Seconds delay, const DownloadOptions& options, const Clock& clock,
          const std::stop_token& stop) {
  if (options.deadline && *options.deadline - clock.monotonic() <= delay) {
    throw TimeoutError("the download did not end in time");
  }
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, delay, [] { return false; });
  if (stop.stop_requested()) throw CancelledError("the download was cancelled");
}

void download_remote(const std::string& url, int file, const DownloadOptions& options,
                     const Clock& clock, const std::stop_token& stop) {
  std::uint64_t have = 0;
  auto delay = options.limits.first_retry_delay;
  for (unsigned tried = 1;; ++tried) {
    std::uint64_t written = 0;
    const auto end = transfer(url, file, have, written, options, clock, stop);
    have += written;
    if (end.kind == TransferEnd::Kind::complete) return;
    const bool again =
        end.kind == TransferEnd::Kind::passing || end.kind == TransferEnd::Kind::no_resume;
    if (!again || tried >= options.limits.tries) fail(end);
    if (end.kind == TransferEnd::Kind::no_resume) {
      if (::ftruncate(file, 0) != 0 || ::lseek(file, 0, SEEK_SET) != 0) {
        throw_errno("starting a download anew");
      }
      have = 0;
    }
    if (options.report) {
      options.report(fmt::format("{}; trying again in {}", printable(end.problem),
                                 format_duration(delay.count())));
    }
    wait(delay, options, clock, stop);
    delay *= 2;
  }
}

}  // namespace

void download(const std::string& url, int file, const DownloadOptions& options, const Clock& clock,
              const std::stop_token& stop) {
  with_context([&] { return "while downloading '" + printable(url) + "'"; },
               [&] {
                 if (url.find("://") == std::string::npos) {  // libcurl would guess
                   throw InvalidError("it has no scheme");
                 }
                 if (url.starts_with(kFileScheme)) {
                   copy_local_file(url, file, options);
                 } else {
                   download_remote(url, file, options, clock, stop);
                 }
               });
}

}  // namespace grange
