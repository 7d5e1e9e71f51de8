#include "http/http_client_setup.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace grange {
namespace {

void prepare_curl_library() {
  // Once per process, as the library asks; with 7.84 and later this is thread safe.
  static const CURLcode code = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw UnavailableError("libcurl does not start");
}

long milliseconds_of(Seconds seconds) {
  return std::max(1L, static_cast<long>(seconds.count() * 1000));
}

}  // namespace

void detail::check_curl_code(CURLcode code, CURLoption option) {
  if (code == CURLE_OK) return;
  throw UnavailableError("libcurl refuses option " + std::to_string(option) + ": " +
                         ::curl_easy_strerror(code));
}

CurlEasyHandle make_curl_easy() {
  prepare_curl_library();
  CurlEasyHandle easy(::curl_easy_init(), &::curl_easy_cleanup);
  if (!easy) throw UnavailableError("libcurl does not start");
  return easy;
}

CurlMultiHandle make_curl_multi(const HttpClientOptions& options) {
  prepare_curl_library();
  CurlMultiHandle multi(::curl_multi_init(), &::curl_multi_cleanup);
  if (!multi) throw UnavailableError("libcurl does not start");
  const auto set = [&](CURLMoption option, unsigned value) {
    ::curl_multi_setopt(multi.get(), option, static_cast<long>(value));
  };
  set(CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  set(CURLMOPT_MAX_HOST_CONNECTIONS, options.max_connections_per_host);
  set(CURLMOPT_MAX_TOTAL_CONNECTIONS, options.max_connections);
  set(CURLMOPT_MAXCONNECTS, options.max_connections);
  return multi;
}

CurlHeaderList make_curl_headers(const HttpHeaders& headers, bool may_wait) {
  CurlHeaderList list(nullptr, &::curl_slist_free_all);
  const auto append = [&](const std::string& line) {
    auto* longer = ::curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw UnavailableError("no memory for HTTP headers");
    static_cast<void>(list.release());
    list.reset(longer);
  };
  // libcurl takes "name:" for a header that is not to be sent.
  for (const auto& [name, value] : headers) {
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!may_wait) append("Expect:");
  return list;
}

void set_up_curl(CURL* easy, const HttpRequest& request, const HttpClientOptions& options,
                 curl_slist* headers) {
  ::curl_easy_reset(easy);
  const auto set = [&](CURLoption option, auto value) { set_curl_option(easy, option, value); };
  set(CURLOPT_URL, request.url.without_user_info().to_string().c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_PIPEWAIT, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS,
      milliseconds_of(request.timeouts.value_or(options.timeouts).connect));
  if (headers != nullptr) set(CURLOPT_HTTPHEADER, headers);
  if (request.decode) set(CURLOPT_ACCEPT_ENCODING, "");
  if (request.direct) {
    set(CURLOPT_PROXY, "");
  } else if (options.proxy) {
    set(CURLOPT_PROXY, options.proxy->c_str());
  }
  if (!options.ca_bundle.empty()) set(CURLOPT_CAINFO, options.ca_bundle.c_str());
}

CurlProblem meaning_of(CURLcode code) noexcept {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PROXY:
      return {ErrorKind::unavailable, true, false};
    case CURLE_OPERATION_TIMEDOUT:  // no other time than that for connecting is set
      return {ErrorKind::timeout, true, false};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return {ErrorKind::denied, false, false};
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return {ErrorKind::invalid, false, false};
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_OUT_OF_MEMORY:  // also what a header line beyond 100 kB gives
      return {ErrorKind::corrupt, false, true};
    default:
      return {};
  }
}

}  // namespace grange
