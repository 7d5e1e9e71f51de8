#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/clock.h"
#include "http/http_client_options.h"
#include "http/http_client_peer.h"
#include "http/http_client_resume.h"
#include "http/http_client_setup.h"
#include "http/http_request.h"

namespace grange {

/// One request on its way through tries and redirects to one answer. Lives on the client's thread;
/// at each moment at most one libcurl handle works for it.
class HttpTransfer {
 public:
  enum class Next {
    finish,    ///< call `finish`
    hop,       ///< call `begin` again at once: a redirect
    try_again  ///< call `begin` again after `delay()`, or `finish` if there is no time
  };

  /// The options outlive it. Throws InvalidError for what cannot be asked for.
  HttpTransfer(HttpRequest request, std::shared_ptr<HttpClientPeer> peer,
               const HttpClientOptions& options, const Clock& clock);

  /// Whom the next `begin` will ask.
  const Url& url() const { return hop_.url; }
  const std::optional<MonotonicTime>& deadline() const { return request_.deadline; }
  Seconds stall_timeout() const { return request_.timeouts.value_or(options_.timeouts).stall; }

  /// Sets the handle up; it refers to this object until the try has ended. Throws Error.
  void begin(CURL* easy);
  /// The handle's transfer has ended so. `chance` from [0, 1).
  Next end(CURLcode code, double chance);
  /// As `end`, when the server keeps silent.
  Next end_stalled(double chance);
  Seconds delay() const { return delay_; }
  /// Tells the peer how it ended.
  void finish() noexcept;
  /// Tells the peer that it ended with this.
  void fail(std::exception_ptr error) noexcept;

  /// Has something moved since the last call, or do we wait for our own peer?
  bool is_alive();
  /// The peer can take or give again.
  void wake(CURL* easy);

 private:
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t on_read(char* buffer, std::size_t, std::size_t size, void* self) noexcept;
  static int on_seek(void* self, curl_off_t offset, int origin) noexcept;

  void begin_try();
  void set_up_body(CURL* easy);
  /// Of the body that is sent; nothing: not known.
  std::optional<std::uint64_t> sent_size() const;
  void add_credentials(HttpRequest& sent) const;
  void read_header(std::string_view line);
  void finish_headers();
  bool read_body(std::string_view data);
  bool sends_body() const;
  void conclude();
  Next conclude_problem(const CurlProblem& problem, const std::string& text, double chance);
  bool may_try_again(bool seen) const;
  Next prepare_retry(double chance, std::optional<Seconds> asked);
  void set_error(ErrorKind kind, std::string text);
  std::string doing() const;

  HttpRequest request_;
  HttpRequest hop_;  ///< the request as redirects have made it
  std::shared_ptr<HttpClientPeer> peer_;
  const HttpClientOptions& options_;
  const Clock& clock_;

  unsigned tries_ = 0;
  unsigned hops_ = 0;
  bool fresh_ = true;  ///< the next `begin` begins a try, not a hop
  bool home_ = true;   ///< no redirect has led to another origin
  HttpResume resume_;
  std::uint64_t delivered_ = 0;  ///< bytes that the peer has taken and keeps
  std::uint64_t delivered_before_ = 0;
  std::uint64_t skip_ = 0;

  CurlHeaderList header_list_{nullptr, nullptr};
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool in_body_ = false;
  std::size_t sent_ = 0;  ///< of the small body
  bool receive_paused_ = false;
  bool send_paused_ = false;
  bool moved_ = false;
  char problem_[CURL_ERROR_SIZE] = "";

  std::exception_ptr fatal_;  ///< thrown in a callback: no other try
  std::exception_ptr error_;  ///< how it would end now; none: with response_
  Seconds delay_{0};
};

}  // namespace grange
