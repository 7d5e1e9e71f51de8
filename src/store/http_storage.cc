#include "store/http_storage.h"

#include <utility>

#include "base/error.h"
#include "store/http_object_storage.h"

namespace grange {
namespace {

std::string without_final_slashes(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

class HttpStorage final : public HttpObjectStorage {
 public:
  HttpStorage(const Url& base, HttpStorageOptions options)
      : HttpObjectStorage(std::move(options.client), std::move(options.stop)),
        base_(Url::parse(without_final_slashes(base.to_string()))),
        bearer_token_(std::move(options.bearer_token)) {}

  std::string describe() const override { return base_.shown(); }

  std::vector<std::string> list(std::string_view) override {
    throw InvalidError("what " + describe() + " holds cannot be listed: HTTP has no such request");
  }

 private:
  Url url_of(const std::string& key) const override { return base_.append_path(key); }
  /// As it stands in the narinfo: some servers put a query there.
  Url download_url(const std::string& key) const override {
    return Url::parse(base_.to_string() + "/" + key);
  }
  void authorise(HttpRequest& request, const PayloadHash&) override {
    if (!bearer_token_.empty()) request.headers.set("Authorization", "Bearer " + bearer_token_);
  }

  Url base_;
  std::string bearer_token_;
};

}  // namespace

std::unique_ptr<Storage> open_http_storage(const Url& base, HttpStorageOptions options) {
  if (base.query_text()) {
    throw InvalidError("the URL of a binary cache has no query: '" + base.shown() + "'");
  }
  return std::make_unique<HttpStorage>(base, std::move(options));
}

}  // namespace grange
