#include "build/curl_transfer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr const char* kProtocols = "http,https,ftp,ftps";
constexpr int kLongestPollMilliseconds = 60'000;

void prepare_curl() {
  // Once per process, as the library asks; with 7.84 and later this is thread safe.
  static const CURLcode code = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw UnavailableError("libcurl does not start");
}

using EasyHandle = std::unique_ptr<CURL, void (*)(CURL*)>;
using MultiHandle = std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)>;

/// What libcurl's callbacks see.
struct Receiver {
  CURL* handle;
  FdSink sink;
  std::uint64_t offset;
  std::uint64_t limit;
  std::uint64_t& written;
  std::exception_ptr error;
};

/// Called by C: nothing may be thrown through it.
std::size_t receive(char* data, std::size_t, std::size_t size, void* context) noexcept {
  auto& receiver = *static_cast<Receiver*>(context);
  try {
    long status = 0;
    ::curl_easy_getinfo(receiver.handle, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300) return size;  // the body of an error or a redirect is of no use
    if (receiver.offset + receiver.written + size > receiver.limit) {
      throw InvalidError("it is larger than " + format_bytes(receiver.limit));
    }
    receiver.sink.write({data, size});
    receiver.written += size;
    return size;
  } catch (...) {
    receiver.error = std::current_exception();
    return 0;
  }
}

TransferEnd end_of_http(long status) {
  auto problem = fmt::format("HTTP error {}", status);
  using Kind = TransferEnd::Kind;
  switch (status) {
    case 404:
    case 410:
      return {Kind::not_found, std::move(problem)};
    case 401:
    case 403:
    case 407:
      return {Kind::denied, std::move(problem)};
    case 416:
      return {Kind::no_resume, std::move(problem)};
    case 408:
    case 425:
    case 429:
      return {Kind::passing, std::move(problem)};
    case 501:
    case 505:
    case 511:
      return {Kind::invalid, std::move(problem)};
    default:
      return {status >= 500 ? Kind::passing : Kind::invalid, std::move(problem)};
  }
}

TransferEnd::Kind kind_of(CURLcode code) {
  using Kind = TransferEnd::Kind;
  switch (code) {
    case CURLE_OK:
      return Kind::complete;
    case CURLE_RANGE_ERROR:
    case CURLE_BAD_DOWNLOAD_RESUME:
      return Kind::no_resume;
    case CURLE_REMOTE_FILE_NOT_FOUND:
      return Kind::not_found;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_LOGIN_DENIED:
    case CURLE_REMOTE_ACCESS_DENIED:
      return Kind::denied;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_WRITE_ERROR:
      return Kind::invalid;
    default:
      return Kind::passing;
  }
}

long to_long(Seconds seconds) {
  return static_cast<long>(std::max(1.0, seconds.count()));
}

void configure(CURL* handle, const std::string& url, const DownloadOptions& options,
               Receiver& receiver, char* problem) {
  const auto set = [&](CURLoption option, auto value) {
    if (const auto code = ::curl_easy_setopt(handle, option, value); code != CURLE_OK) {
      throw UnavailableError(std::string("libcurl refuses an option: ") +
                             ::curl_easy_strerror(code));
    }
  };
  const auto& limits = options.limits;
  set(CURLOPT_ERRORBUFFER, problem);
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, kProtocols);
  set(CURLOPT_REDIR_PROTOCOLS_STR, kProtocols);
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(limits.max_redirects));
  set(CURLOPT_USERAGENT, "grange/" GRANGE_VERSION);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, to_long(limits.connect_timeout));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, to_long(limits.stall_timeout));
  set(CURLOPT_WRITEFUNCTION, &receive);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&receiver));
  if (receiver.offset > 0) {
    set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(receiver.offset));
  }
  if (!options.netrc.empty()) {
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
    set(CURLOPT_NETRC_FILE, options.netrc.c_str());
  }
  if (!options.certificates.empty()) set(CURLOPT_CAINFO, options.certificates.c_str());
}

int poll_timeout(const DownloadOptions& options, const Clock& clock) {
  if (!options.deadline) return kLongestPollMilliseconds;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*options.deadline - clock.monotonic());
  return static_cast<int>(
      std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, kLongestPollMilliseconds));
}

/// Runs the one transfer in `multi` to its end.
CURLcode perform(CURLM* multi, const DownloadOptions& options, const Clock& clock,
                 const std::stop_token& stop) {
  for (;;) {
    int running = 0;
    if (const auto code = ::curl_multi_perform(multi, &running); code != CURLM_OK) {
      throw UnavailableError(std::string("libcurl: ") + ::curl_multi_strerror(code));
    }
    int left = 0;
    while (const CURLMsg* message = ::curl_multi_info_read(multi, &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    if (stop.stop_requested()) throw CancelledError("the download was cancelled");
    if (options.deadline && clock.monotonic() >= *options.deadline) {
      throw TimeoutError("the download did not end in time");
    }
    ::curl_multi_poll(multi, nullptr, 0, poll_timeout(options, clock), nullptr);
  }
}

}  // namespace

TransferEnd transfer(const std::string& url, int file, std::uint64_t offset, std::uint64_t& written,
                     const DownloadOptions& options, const Clock& clock,
                     const std::stop_token& stop) {
  prepare_curl();
  const MultiHandle multi(::curl_multi_init(), &::curl_multi_cleanup);
  const EasyHandle easy(::curl_easy_init(), &::curl_easy_cleanup);
  if (!multi || !easy) throw UnavailableError("libcurl does not start");
  char problem[CURL_ERROR_SIZE] = "";
  written = 0;
  Receiver receiver{easy.get(), FdSink(file), offset, options.limits.max_bytes, written, nullptr};
  configure(easy.get(), url, options, receiver, problem);
  ::curl_multi_add_handle(multi.get(), easy.get());
  struct Removal {
    CURLM* multi;
    CURL* easy;
    ~Removal() { ::curl_multi_remove_handle(multi, easy); }
  } const removal{multi.get(), easy.get()};
  const std::stop_callback wake(stop, [&] { ::curl_multi_wakeup(multi.get()); });
  const auto code = perform(multi.get(), options, clock, stop);
  if (receiver.error) std::rethrow_exception(receiver.error);
  long status = 0;
  ::curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && url.starts_with("http") && status >= 400) return end_of_http(status);
  if (code == CURLE_OK) return {};
  return {kind_of(code), problem[0] != '\0' ? problem : ::curl_easy_strerror(code)};
}

}  // namespace grange
