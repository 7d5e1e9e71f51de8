#include "store/http_object_storage.h"

#include <deque>
#include <future>
#include <utility>

#include "base/error.h"
#include "http/sigv4.h"
#include "store/content_encoding.h"

namespace grange {
namespace {

/// Without HTTP/2 each request on its way has a connection.
constexpr unsigned kConnections = 64;
constexpr unsigned kRequests = 128;
/// So many answers at most lie in memory and wait for those before them.
constexpr std::size_t kAskedAhead = 256;
/// What lies in memory of each download that comes faster than it is taken.
constexpr std::size_t kBuffer = std::size_t{256} << 10;

}  // namespace

HttpClientOptions storage_client_options() {
  HttpClientOptions options;
  options.max_connections_per_host = kConnections;
  options.max_connections = kConnections;
  options.max_requests_per_host = kRequests;
  options.buffer_size = kBuffer;
  return options;
}

class HttpObjectStorage::Staged final : public StagedObject {
 public:
  explicit Staged(HttpObjectStorage& storage) : storage_(storage) {}
  Sink& sink() override { return spool_; }
  void commit(const std::string& key, std::string_view media_type) override {
    with_context([&] { return "while writing '" + key + "' to " + storage_.describe(); },
                 [&] { storage_.send(key, spool_, media_type); });
  }

 private:
  HttpObjectStorage& storage_;
  Spool spool_;
};

HttpObjectStorage::HttpObjectStorage(HttpClientOptions options, std::stop_token stop)
    : stop_(std::move(stop)), client_(std::move(options), clock_) {}

unsigned HttpObjectStorage::requests_at_once() const {
  return kConnections;
}

bool HttpObjectStorage::says_absent(const HttpResponse& response) const {
  return response.status == 404 || response.status == 403 || response.status == 410;
}

void HttpObjectStorage::check(const HttpResponse& response) const {
  throw_for_status(response);
}

HttpRequest HttpObjectStorage::request_for(const std::string& method, Url url) {
  HttpRequest request(std::move(url), method);
  authorise(request, [] { return payload_hash({}); });
  return request;
}

std::optional<std::string> HttpObjectStorage::content_of(HttpResponse response,
                                                         std::uint64_t limit) const {
  if (says_absent(response)) return std::nullopt;
  check(response);
  return decode_content(std::move(response.body), response.headers.get("Content-Encoding"), limit);
}

bool HttpObjectStorage::has(const std::string& key) {
  const auto response = client_.send(request_for("HEAD", url_of(key)), stop_);
  if (says_absent(response)) return false;
  check(response);
  return true;
}

std::vector<char> HttpObjectStorage::has_many(const std::vector<std::string>& keys) {
  std::vector<char> there(keys.size());
  ask_many(
      keys.size(), [&](std::size_t i) { return request_for("HEAD", url_of(keys[i])); },
      [&](std::size_t i, const HttpResponse& response) {
        if (says_absent(response)) return;
        check(response);
        there[i] = 1;
      });
  return there;
}

std::optional<std::string> HttpObjectStorage::read(const std::string& key, std::uint64_t limit) {
  return std::move(read_many({key}, limit)[0]);
}

std::vector<std::optional<std::string>> HttpObjectStorage::read_many(
    const std::vector<std::string>& keys, std::uint64_t limit) {
  std::vector<std::optional<std::string>> contents(keys.size());
  ask_many(
      keys.size(),
      [&](std::size_t i) {
        auto request = request_for("GET", url_of(keys[i]));
        request.max_body = limit;
        return request;
      },
      [&](std::size_t i, HttpResponse response) {
        with_context([&] { return "while reading '" + keys[i] + "' of " + describe(); },
                     [&] { contents[i] = content_of(std::move(response), limit); });
      });
  return contents;
}

void HttpObjectStorage::ask_many(std::size_t count,
                                 const std::function<HttpRequest(std::size_t)>& make,
                                 const std::function<void(std::size_t, HttpResponse)>& use) {
  // What nobody waits for any more after an error is not asked for either.
  std::stop_source given_up;
  const std::stop_callback on_stop(stop_, [&] { given_up.request_stop(); });
  std::deque<std::future<HttpResponse>> asked;
  std::size_t used = 0;
  const auto use_next = [&] {
    auto answer = std::move(asked.front());
    asked.pop_front();
    use(used++, answer.get());
  };
  try {
    for (std::size_t i = 0; i < count; ++i) {
      if (asked.size() >= kAskedAhead) use_next();
      asked.push_back(client_.start(make(i), given_up.get_token()));
    }
    while (!asked.empty()) use_next();
  } catch (...) {
    given_up.request_stop();
    throw;
  }
}

std::unique_ptr<Source> HttpObjectStorage::open(const std::string& key) {
  return client_.open(request_for("GET", download_url(key)), stop_);
}

std::unique_ptr<StagedObject> HttpObjectStorage::stage() {
  return std::make_unique<Staged>(*this);
}

void HttpObjectStorage::write(const std::string& key, std::string_view content,
                              std::string_view media_type) {
  const auto staged = stage();
  staged->sink().write(content);
  staged->commit(key, media_type);
}

void HttpObjectStorage::send(const std::string& key, const Spool& content,
                             std::string_view media_type) {
  HttpRequest request(url_of(key), "PUT");
  request.headers.set("Content-Type", media_type);
  put(std::move(request), content, 0, content.size());
}

HttpResponse HttpObjectStorage::put(HttpRequest request, const Spool& content, std::uint64_t offset,
                                    std::uint64_t length) {
  authorise(request, [&] {
    HashSink hash(HashAlgorithm::sha256);
    drain(*content.read(offset, length), hash);
    return hash.finish().digits(HashFormat::base16);
  });
  const HttpBody body{[&] { return content.read(offset, length); }, length};
  auto response = client_.upload(std::move(request), body, stop_);
  check(response);
  return response;
}

}  // namespace grange
