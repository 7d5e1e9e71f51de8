#pragma once

#include <memory>

#include <curl/curl.h>

#include "base/error.h"
#include "http/http_client_options.h"
#include "http/http_request.h"

namespace grange {

using CurlEasyHandle = std::unique_ptr<CURL, void (*)(CURL*)>;
using CurlMultiHandle = std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)>;
using CurlHeaderList = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

CurlEasyHandle make_curl_easy();
/// Bounded as the options say, with HTTP/2 multiplexing.
CurlMultiHandle make_curl_multi(const HttpClientOptions& options);
/// `may_wait`: libcurl may ask with "Expect: 100-continue" before it sends a body, which costs a
/// round trip, or a second where nobody answers that.
CurlHeaderList make_curl_headers(const HttpHeaders& headers, bool may_wait);

namespace detail {
void check_curl_code(CURLcode code, CURLoption option);
}

/// As curl_easy_setopt; throws UnavailableError when libcurl refuses.
template <typename Value>
void set_curl_option(CURL* easy, CURLoption option, Value value) {
  detail::check_curl_code(::curl_easy_setopt(easy, option, value), option);
}

/// Resets the handle and sets it up for everything but callbacks and bodies.
void set_up_curl(CURL* easy, const HttpRequest& request, const HttpClientOptions& options,
                 curl_slist* headers);

/// What a failure of libcurl means.
struct CurlProblem {
  ErrorKind kind = ErrorKind::unavailable;
  bool passing = true;    ///< another try may go better
  bool connected = true;  ///< the server may have seen the request
};
CurlProblem meaning_of(CURLcode code) noexcept;

}  // namespace grange
