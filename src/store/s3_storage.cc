#include "store/s3_storage.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "http/sigv4.h"
#include "store/http_object_storage.h"
#include "store/s3_answer.h"

namespace grange {
namespace {

/// What S3 allows an upload: so many parts, and all but the last one so large.
constexpr std::uint64_t kMostParts = 10'000;
constexpr std::uint64_t kSmallestPart = std::uint64_t{5} << 20;
constexpr unsigned kPartsAtOnce = 4;
constexpr std::uint64_t kMaxAnswer = std::uint64_t{16} << 20;

Url base_of(const S3Place& place) {
  if (!place.bucket_in_host) return place.endpoint.with_path("/" + percent_encode(place.bucket));
  auto text = place.endpoint.scheme() + "://" + place.bucket + "." + place.endpoint.authority();
  return Url::parse(text);
}

class S3Storage final : public HttpObjectStorage {
 public:
  S3Storage(S3Place place, S3StorageOptions options)
      : HttpObjectStorage(std::move(options.client), options.stop),
        place_(std::move(place)),
        base_(base_of(place_)),
        multipart_(options.multipart),
        part_size_(std::max(options.part_size, kSmallestPart)),
        credentials_(std::move(options.credentials), client(), clock()) {}

  std::string describe() const override {
    auto name = "s3://" + place_.bucket + (place_.prefix.empty() ? "" : "/" + place_.prefix);
    const auto host = place_.endpoint.authority();
    return host.ends_with(".amazonaws.com") ? name : name + "?endpoint=" + host;
  }

  std::vector<std::string> list(std::string_view suffix) override {
    const auto prefix = place_.prefix.empty() ? "" : place_.prefix + "/";
    std::vector<QueryParameter> query = {
        {"delimiter", "/"}, {"encoding-type", "url"}, {"list-type", "2"}, {"prefix", prefix}};
    std::vector<std::string> keys;
    for (;;) {
      auto request = request_for("GET", base_.append_path("").with_query(query));
      request.max_body = kMaxAnswer;
      const auto response = client().send(std::move(request), stop());
      check(response);
      auto page = with_context([&] { return "while listing " + describe(); },
                               [&] { return parse_s3_listing(response.body); });
      for (auto& key : page.keys) {
        if (!key.starts_with(prefix)) continue;
        key.erase(0, prefix.size());
        if (key.ends_with(suffix) && key.find('/') == key.npos) keys.push_back(std::move(key));
      }
      if (!page.after) return keys;
      query.resize(4);
      query.push_back({"continuation-token", page.after});
    }
  }

 private:
  Url url_of(const std::string& key) const override {
    return base_.append_path(place_.prefix.empty() ? key : place_.prefix + "/" + key);
  }

  void authorise(HttpRequest& request, const PayloadHash& payload) override {
    const auto keys = find_keys();
    if (!keys) return;
    request.sign = sigv4_signer(*keys, {.region = place_.region}, payload(), clock());
  }

  /// Nothing: there are none, and strangers may read perhaps.
  std::optional<AwsKeys> find_keys() {
    {
      const MutexLock lock(mutex_);
      if (no_keys_) return std::nullopt;
    }
    try {
      return credentials_.keys(stop());
    } catch (const NotFoundError&) {
      const MutexLock lock(mutex_);
      no_keys_ = true;
      return std::nullopt;
    }
  }

  /// Who may not list a bucket is told "AccessDenied" of what is not there. Every other 403 says
  /// that something is wrong with who asks; the answer to HEAD says nothing.
  bool says_absent(const HttpResponse& response) const override {
    const auto problem = parse_s3_problem(response.body);
    if (response.status == 404) return !problem || problem->code != "NoSuchBucket";
    return response.status == 403 && (!problem || problem->code == "AccessDenied");
  }

  void check(const HttpResponse& response) const override {
    with_context(
        [&] {
          const auto problem = parse_s3_problem(response.body);
          return problem ? "S3 says " + printable(problem->code.substr(0, 100)) + ": " +
                               printable(problem->message.substr(0, 500))
                         : "S3 gave no reason";
        },
        [&] { throw_for_status(response); });
  }

  void send(const std::string& key, const Spool& content, std::string_view type) override {
    if (!multipart_ || content.size() <= part_size_) {
      HttpObjectStorage::send(key, content, type);
      return;
    }
    const auto upload = begin_upload(key, type);
    try {
      end_upload(key, upload, send_parts(key, upload, content));
    } catch (...) {
      abort_upload(key, upload);
      throw;
    }
  }

  HttpResponse post(const Url& url, std::string body, std::string_view type) {
    HttpRequest request(url, "POST");
    request.headers.set("Content-Type", type);
    request.max_body = kMaxAnswer;
    authorise(request, [&] { return payload_hash(body); });
    request.body = std::move(body);
    auto response = client().send(std::move(request), stop());
    check(response);
    return response;
  }

  std::string begin_upload(const std::string& key, std::string_view type) {
    const std::vector<QueryParameter> query = {{"uploads", ""}};
    return parse_s3_upload_id(post(url_of(key).with_query(query), {}, type).body);
  }

  std::vector<std::string> send_parts(const std::string& key, const std::string& upload,
                                      const Spool& content) {
    const auto size = std::max(part_size_, (content.size() + kMostParts - 1) / kMostParts);
    std::vector<std::string> etags((content.size() + size - 1) / size);
    parallel_for(
        etags.size(), kPartsAtOnce,
        [&](std::size_t i) {
          const auto offset = i * size;
          HttpRequest request(
              url_of(key).with_query({{"partNumber", std::to_string(i + 1)}, {"uploadId", upload}}),
              "PUT");
          const auto response =
              put(std::move(request), content, offset, std::min(size, content.size() - offset));
          const auto etag = response.headers.get("ETag");
          if (!etag) throw CorruptError("a part of the upload got no ETag");
          etags[i] = *etag;
        },
        1);
    return etags;
  }

  /// A success may still say that it failed: it is answered before all is done.
  void end_upload(const std::string& key, const std::string& upload,
                  const std::vector<std::string>& etags) {
    const auto response = post(url_of(key).with_query({{"uploadId", upload}}),
                               print_s3_parts(etags), "application/xml");
    if (const auto problem = parse_s3_problem(response.body)) {
      throw UnavailableError(
          "the upload was not completed: " + printable(problem->code.substr(0, 100)) + ": " +
          printable(problem->message.substr(0, 500)));
    }
  }

  /// So that nobody pays for parts of nothing. Not stopped by what stopped the upload.
  void abort_upload(const std::string& key, const std::string& upload) noexcept {
    try {
      auto request = request_for("DELETE", url_of(key).with_query({{"uploadId", upload}}));
      request.deadline = clock().monotonic() + std::chrono::seconds(20);
      client().send(std::move(request));
    } catch (const std::exception&) {  // the bucket's own rules remove it in the end
    }
  }

  const S3Place place_;
  const Url base_;
  const bool multipart_;
  const std::uint64_t part_size_;
  AwsCredentials credentials_;
  Mutex mutex_;
  bool no_keys_ GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Storage> open_s3_storage(S3Place place, S3StorageOptions options) {
  return std::make_unique<S3Storage>(std::move(place), std::move(options));
}

}  // namespace grange
