#include "http/http_client_transfer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "http/http_client_redirect.h"
#include "http/http_client_retry.h"

namespace grange {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{128} << 10;
/// A try that brought so much counts as the first: a large download may break off often.
constexpr std::uint64_t kFruitfulTry = std::uint64_t{1} << 20;
/// A body so large is not sent before the server has agreed.
constexpr std::uint64_t kWorthWaiting = std::uint64_t{1} << 20;

bool is_repeatable_method(std::string_view method) {
  return method != "POST" && method != "PATCH";
}

std::exception_ptr make_http_error(ErrorKind kind, std::string text, std::string doing) {
  const auto with = [&](auto error) {
    error.add_context(std::move(doing));
    return std::make_exception_ptr(std::move(error));
  };
  switch (kind) {
    case ErrorKind::timeout:
      return with(TimeoutError(std::move(text)));
    case ErrorKind::denied:
      return with(DeniedError(std::move(text)));
    case ErrorKind::invalid:
      return with(InvalidError(std::move(text)));
    case ErrorKind::corrupt:
      return with(CorruptError(std::move(text)));
    default:
      return with(UnavailableError(std::move(text)));
  }
}

}  // namespace

HttpTransfer::HttpTransfer(HttpRequest request, std::shared_ptr<HttpClientPeer> peer,
                           const HttpClientOptions& options, const Clock& clock)
    : request_(std::move(request)),
      hop_(request_),
      peer_(std::move(peer)),
      options_(options),
      clock_(clock) {
  const auto& scheme = request_.url.scheme();
  if (scheme != "http" && scheme != "https") {
    throw InvalidError("'" + request_.url.shown() + "' is no http or https URL");
  }
  if (request_.method.empty() || !std::ranges::all_of(request_.method, [](char c) {
        return (c >= 'A' && c <= 'Z') || c == '-';
      })) {
    throw InvalidError("'" + printable(request_.method) + "' is no HTTP method");
  }
}

std::string HttpTransfer::doing() const {
  return "while asking '" + hop_.method + " " + hop_.url.shown() + "'";
}

bool HttpTransfer::sends_body() const {
  // A redirect may have made a GET of it.
  return hop_.body || (peer_->has_body() && hop_.method == request_.method);
}

void HttpTransfer::begin_try() {
  hop_ = request_;
  hops_ = 0;
  home_ = true;
  ++tries_;
  if (!peer_->keeps()) delivered_ = 0;
  delivered_before_ = delivered_;
}

void HttpTransfer::add_credentials(HttpRequest& sent) const {
  if (sent.headers.has("Authorization")) return;
  // Redirects to the same origin drop what the URL began with.
  const auto& stated = home_ ? request_.url : sent.url;
  auto user = stated.user().value_or("");
  auto password = stated.password().value_or("");
  if (!stated.user()) {
    // The default entry is for whom the caller names, not for whom a server names.
    const auto* entry =
        home_ ? options_.netrc.find(sent.url.host()) : options_.netrc.find_named(sent.url.host());
    if (entry == nullptr) return;
    user = entry->login;
    password = entry->password;
  }
  sent.headers.set("Authorization", "Basic " + base64_encode(as_bytes(user + ":" + password)));
}

void HttpTransfer::begin(CURL* easy) {
  if (fresh_) begin_try();
  fresh_ = true;
  response_ = {};
  error_ = nullptr;
  header_bytes_ = 0;
  in_body_ = receive_paused_ = send_paused_ = false;
  moved_ = true;
  skip_ = 0;
  problem_[0] = '\0';
  auto sent = hop_;
  if (sent.url.path().empty()) sent.url = sent.url.with_path("/");
  if (hop_.method == "GET" && !hop_.decode) resume_.ask(sent.headers, delivered_);
  if (hop_.sign) {
    hop_.sign(sent);
  } else {
    add_credentials(sent);
  }
  header_list_ =
      make_curl_headers(sent.headers, sent_size().value_or(kWorthWaiting) >= kWorthWaiting);
  set_up_curl(easy, sent, options_, header_list_.get());
  const auto set = [&](CURLoption option, auto value) { set_curl_option(easy, option, value); };
  set(CURLOPT_ERRORBUFFER, problem_);
  set(CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set_up_body(easy);
  peer_->begin_try(sends_body() && peer_->has_body());
}

std::optional<std::uint64_t> HttpTransfer::sent_size() const {
  if (peer_->has_body() && sends_body()) return peer_->body_size();
  return hop_.body ? hop_.body->size() : 0;
}

void HttpTransfer::set_up_body(CURL* easy) {
  const auto set = [&](CURLoption option, auto value) { set_curl_option(easy, option, value); };
  const bool empty = !sends_body() && (hop_.method == "POST" || hop_.method == "PUT");
  if (hop_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (sends_body() || empty) {
    const auto size = sent_size();
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, size ? static_cast<curl_off_t>(*size) : curl_off_t{-1});
    set(CURLOPT_READFUNCTION, &HttpTransfer::on_read);
    set(CURLOPT_READDATA, static_cast<void*>(this));
    set(CURLOPT_SEEKFUNCTION, &HttpTransfer::on_seek);
    set(CURLOPT_SEEKDATA, static_cast<void*>(this));
    set(CURLOPT_CUSTOMREQUEST, hop_.method.c_str());
    sent_ = 0;
  } else if (hop_.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, hop_.method.c_str());
  }
}

std::size_t HttpTransfer::on_header(char* data, std::size_t, std::size_t size,
                                    void* self) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  try {
    transfer.moved_ = true;
    transfer.read_header({data, size});
    return size;
  } catch (...) {
    transfer.fatal_ = std::current_exception();
    return 0;
  }
}

std::size_t HttpTransfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  try {
    transfer.moved_ = true;
    transfer.receive_paused_ = !transfer.read_body({data, size});
    return transfer.receive_paused_ ? CURL_WRITEFUNC_PAUSE : size;
  } catch (...) {
    transfer.fatal_ = std::current_exception();
    return 0;
  }
}

std::size_t HttpTransfer::on_read(char* buffer, std::size_t, std::size_t size,
                                  void* self) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  transfer.moved_ = true;
  if (transfer.hop_.body) {
    const auto& body = *transfer.hop_.body;
    const auto count = std::min(size, body.size() - transfer.sent_);
    std::memcpy(buffer, body.data() + transfer.sent_, count);
    transfer.sent_ += count;
    return count;
  }
  if (!transfer.peer_->has_body()) return 0;
  const auto count = transfer.peer_->give(buffer, size);
  transfer.send_paused_ = !count;
  return count.value_or(CURL_READFUNC_PAUSE);
}

int HttpTransfer::on_seek(void* self, curl_off_t offset, int origin) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const bool whole = origin == SEEK_SET && transfer.hop_.body && offset >= 0 &&
                     static_cast<std::uint64_t>(offset) <= transfer.hop_.body->size();
  if (!whole) return CURL_SEEKFUNC_CANTSEEK;
  transfer.sent_ = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void HttpTransfer::read_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    throw CorruptError("the headers of the answer are larger than " +
                       format_bytes(kMaxHeaderBytes));
  }
  if (in_body_) return;  // a trailer
  if (line.starts_with("HTTP/")) {
    const auto words = split_words(trim(line));
    const auto status = words.size() > 1 ? parse_number(words[1]) : std::nullopt;
    if (!status || *status > 999) throw CorruptError("the status of the answer is no number");
    response_.status = static_cast<int>(*status);
    response_.headers.clear();
    return;
  }
  if (trim(line).empty()) {
    if (response_.status >= 200) finish_headers();
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  try {
    response_.headers.add(line.substr(0, colon), trim(line.substr(colon + 1)));
  } catch (const InvalidError&) {
    // Not a header that anybody could ask for.
  }
}

void HttpTransfer::finish_headers() {
  in_body_ = true;
  if (!response_.ok() || hop_.method == "HEAD") return;
  skip_ = resume_.accept(response_.status, response_.headers, delivered_);
  const auto length = content_length(response_.headers);
  if (!peer_->keeps() && length && *length > request_.max_body) {
    throw CorruptError("the answer is larger than " + format_bytes(request_.max_body));
  }
}

bool HttpTransfer::read_body(std::string_view data) {
  if (!response_.ok()) {
    response_.size += data.size();
    response_.body += data.substr(0, HttpResponse::kMaxErrorBody - response_.body.size());
    return true;
  }
  const auto passed_over = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, data.size()));
  const auto rest = data.substr(passed_over);
  if (!rest.empty()) {
    if (!peer_->keeps() && rest.size() > request_.max_body - delivered_) {
      throw CorruptError("the answer is larger than " + format_bytes(request_.max_body));
    }
    if (!peer_->take(rest)) return false;
  }
  skip_ -= passed_over;
  delivered_ += rest.size();
  return true;
}

bool HttpTransfer::is_alive() {
  return std::exchange(moved_, false) || receive_paused_ || send_paused_;
}

void HttpTransfer::wake(CURL* easy) {
  if (!receive_paused_ && !send_paused_) return;
  receive_paused_ = send_paused_ = false;
  moved_ = true;
  // Calls back at once, and may pause again. What goes wrong comes up with the transfer's end.
  static_cast<void>(::curl_easy_pause(easy, CURLPAUSE_CONT));
}

void HttpTransfer::set_error(ErrorKind kind, std::string text) {
  error_ = make_http_error(kind, std::move(text), doing());
}

bool HttpTransfer::may_try_again(bool seen) const {
  const auto attempts = request_.retry.value_or(options_.retry).attempts;
  const bool fruitful = delivered_ - delivered_before_ >= kFruitfulTry;
  if (tries_ >= attempts && !(fruitful && attempts > 1)) return false;
  return !seen || request_.repeatable.value_or(is_repeatable_method(request_.method));
}

HttpTransfer::Next HttpTransfer::prepare_retry(double chance, std::optional<Seconds> asked) {
  if (delivered_ - delivered_before_ >= kFruitfulTry) tries_ = 1;
  delay_ = retry_delay(request_.retry.value_or(options_.retry), tries_, chance, asked);
  return Next::try_again;
}

void HttpTransfer::conclude() {
  response_.url = hop_.url.without_user_info();
  if (response_.ok()) {
    if (skip_ > 0)
      set_error(ErrorKind::unavailable, "what the download is continued with is shorter");
    response_.size = delivered_;
    return;
  }
  if (delivered_ > 0) {
    set_error(ErrorKind::unavailable, "the download broke off after " + format_bytes(delivered_) +
                                          "; the rest was answered with HTTP status " +
                                          std::to_string(response_.status));
  }
}

HttpTransfer::Next HttpTransfer::conclude_problem(const CurlProblem& problem,
                                                  const std::string& text, double chance) {
  set_error(problem.kind, text);
  if (!problem.passing || !may_try_again(problem.connected)) return Next::finish;
  return prepare_retry(chance, std::nullopt);
}

HttpTransfer::Next HttpTransfer::end(CURLcode code, double chance) {
  if (fatal_) {
    error_ = fatal_;
    try {
      std::rethrow_exception(fatal_);
    } catch (Error& error) {
      error.add_context(doing());
      error_ = std::current_exception();
    } catch (...) {
      // Of a peer of ours; passed on as it is.
    }
    return Next::finish;
  }
  if (code != CURLE_OK) {
    return conclude_problem(meaning_of(code),
                            problem_[0] != '\0' ? problem_ : ::curl_easy_strerror(code), chance);
  }
  const auto redirects = request_.max_redirects.value_or(options_.max_redirects);
  if (redirects > 0) {
    try {
      if (auto next = redirected(hop_, response_.status, response_.headers)) {
        if (++hops_ > redirects) {
          set_error(ErrorKind::invalid, "it redirects more than " + plural(redirects, "time"));
          return Next::finish;
        }
        home_ = home_ && next->url.same_origin(hop_.url);
        hop_ = std::move(*next);
        fresh_ = false;
        return Next::hop;
      }
    } catch (Error& error) {
      error.add_context(doing());
      error_ = std::current_exception();
      return Next::finish;
    }
  }
  const int status = response_.status;
  conclude();
  if (is_passing_status(status) && may_try_again(!is_refusal_to_act(status))) {
    return prepare_retry(chance, retry_after(response_.headers, clock_.now()));
  }
  return Next::finish;
}

HttpTransfer::Next HttpTransfer::end_stalled(double chance) {
  return conclude_problem({ErrorKind::timeout, true, true},
                          "nothing came for " + format_duration(stall_timeout().count()), chance);
}

void HttpTransfer::finish() noexcept {
  peer_->finish(std::move(response_), error_);
}

void HttpTransfer::fail(std::exception_ptr error) noexcept {
  peer_->finish({}, std::move(error));
}

}  // namespace grange
