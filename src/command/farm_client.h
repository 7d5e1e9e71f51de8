#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "http/http_client.h"
#include "http/server_events.h"

namespace CLI {
class App;
}

namespace grange {

/// Which farm's server is asked, and as whom.
struct FarmClientOptions {
  std::string server;
  std::string token_file;
  std::string token;
};

/// --server, --token, --token-file.
void add_farm_client_options(CLI::App& command, FarmClientOptions& options);

/// Asks the API of a server (docs/manual.md). What it refuses is thrown: by its status as
/// throw_for_status says, with the message of its problem document; what is wrong with single
/// fields one per line.
class FarmClient {
 public:
  using Query = std::vector<QueryParameter>;
  static constexpr std::string_view kUsualServer = "http://127.0.0.1:3000";

  /// Options that are not set are taken from GRANGE_SERVER and GRANGE_TOKEN. Throws InvalidError
  /// for a server that is no http(s) URL, and a token that no header can hold. `clock` outlives it.
  FarmClient(const FarmClientOptions& options, const Clock& clock, std::stop_token stop);

  /// `path` begins with a slash and is percent-encoded (see `encoded`).
  nlohmann::ordered_json get(const std::string& path, const Query& query = {});
  /// All of a list, page by page: the array `list` of each answer, and then behind its `next`.
  nlohmann::ordered_json get_all(const std::string& path, std::string_view list, Query query = {});
  /// Null where there is no answer's body. `body`: null for none.
  nlohmann::ordered_json send(const std::string& method, const std::string& path,
                              const nlohmann::ordered_json& body, const Query& query = {});
  /// A body that is no JSON, as it comes.
  void download(const std::string& path, Sink& sink, const Query& query = {});

  /// Told of events as they come; true: that was all. Called without any when a connection has
  /// been made and when the server says that it is still there: what one waits for is to be looked
  /// at then, too.
  using TakeEvents = std::function<bool(const std::vector<ServerEvent>&)>;
  /// Follows a stream of events until `take` has enough, over connections that break: each next
  /// one goes on behind the last event. Throws TimeoutError at the deadline; what hinders for two
  /// minutes; and what `take` throws.
  void follow(const std::string& path, const Query& query, const TakeEvents& take,
              std::optional<MonotonicTime> deadline = std::nullopt);

  /// Signs in for what tokens may not do; until `sign_out` requests are of that session.
  void sign_in(const std::string& name, const std::string& password);
  void sign_out();

  const Url& server() const { return server_; }
  static std::string encoded(std::string_view part) { return percent_encode(part); }

 private:
  HttpRequest request(const std::string& method, const std::string& path, const Query& query) const;
  /// One connection of `follow`; did `take` have enough?
  bool follow_once(HttpRequest request, ServerEventReader& reader, const TakeEvents& take,
                   bool& connected);
  void pause(std::chrono::milliseconds time, const std::optional<MonotonicTime>& deadline) const;

  const Clock& clock_;
  const std::stop_token stop_;
  const Url server_;
  const std::string token_;
  std::string cookie_;
  std::string csrf_;
  HttpClient http_;
};

/// Throws for an answer that is no success.
void throw_for_problem(const HttpResponse& response);

}  // namespace grange
