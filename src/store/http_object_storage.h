#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/http_client.h"
#include "store/spool.h"
#include "store/storage.h"

namespace grange {

/// How patient a client of such a storage is, and how many requests it has on their way.
HttpClientOptions storage_client_options();

/// What storages have in common whose objects are had by GET, HEAD and PUT. Objects that are kept
/// under a Content-Encoding are decoded where they are read whole, never where they stream: what a
/// NAR is packed with, its narinfo says.
class HttpObjectStorage : public Storage {
 public:
  bool has(const std::string& key) override;
  std::vector<char> has_many(const std::vector<std::string>& keys) override;
  std::optional<std::string> read(const std::string& key, std::uint64_t limit) override;
  std::vector<std::optional<std::string>> read_many(const std::vector<std::string>& keys,
                                                    std::uint64_t limit) override;
  std::unique_ptr<Source> open(const std::string& key) override;
  /// Collected in a Spool, and sent when it is committed.
  std::unique_ptr<StagedObject> stage() override;
  void write(const std::string& key, std::string_view content,
             std::string_view media_type) override;
  unsigned requests_at_once() const override;

 protected:
  /// Says what the SHA-256 of a request's body is in base 16, if somebody needs to know.
  using PayloadHash = std::function<std::string()>;

  /// `stop` ends every request with CancelledError.
  HttpObjectStorage(HttpClientOptions options, std::stop_token stop);

  virtual Url url_of(const std::string& key) const = 0;
  /// Where `open` finds it: what a narinfo calls its NAR may mean more than a key.
  virtual Url download_url(const std::string& key) const { return url_of(key); }
  /// Adds what makes a request be answered. May ask the network; called from any thread.
  virtual void authorise(HttpRequest& request, const PayloadHash& payload) = 0;
  /// Does this answer say that there is no such object? As Nix has it, 404 and 403, because a
  /// server that lists nothing for strangers answers so (nix-store.md §7.1).
  virtual bool says_absent(const HttpResponse& response) const;
  /// Throws for an answer that is no success, with what it says of its reason.
  virtual void check(const HttpResponse& response) const;
  virtual void send(const std::string& key, const Spool& content, std::string_view media_type);

  HttpRequest request_for(const std::string& method, Url url);
  HttpClient& client() { return client_; }
  const Clock& clock() const { return clock_; }
  const std::stop_token& stop() const { return stop_; }
  /// PUT of a part of a spool; its answer, which was a success.
  HttpResponse put(HttpRequest request, const Spool& content, std::uint64_t offset,
                   std::uint64_t length);

 private:
  class Staged;
  void ask_many(std::size_t count, const std::function<HttpRequest(std::size_t)>& make,
                const std::function<void(std::size_t, HttpResponse)>& use);
  std::optional<std::string> content_of(HttpResponse response, std::uint64_t limit) const;

  SystemClock clock_;
  std::stop_token stop_;
  HttpClient client_;
};

}  // namespace grange
