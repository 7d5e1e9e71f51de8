#include "command/farm_client.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "http/http_server_target.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestTokenFile = 64 * 1024;
constexpr std::chrono::milliseconds kUsualRetry{2000};
constexpr std::chrono::minutes kHinderedFor{2};
constexpr std::chrono::seconds kPatienceForProblem{30};
constexpr std::size_t kEventsBuffer = 64 * 1024;

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Url server_of(const FarmClientOptions& options) {
  auto text = options.server.empty() ? from_environment("GRANGE_SERVER") : options.server;
  if (text.empty()) text = FarmClient::kUsualServer;
  const auto url = Url::parse(text);
  if (url.scheme() != "http" && url.scheme() != "https") {
    throw InvalidError("--server: specified http:// or https://, got '" + url.shown() + "'");
  }
  return url;
}

std::string token_of(const FarmClientOptions& options) {
  std::string token = options.token;
  if (!options.token_file.empty()) token = read_file(options.token_file, kLargestTokenFile);
  if (token.empty()) token = from_environment("GRANGE_TOKEN");
  token = std::string(trim(token));
  const bool is_plain =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!is_plain) throw InvalidError("the token contains something that no token contains");
  return token;
}

/// What a problem document says, else the status.
std::string problem_text(const HttpResponse& response) {
  const auto problem = nlohmann::json::parse(response.body, nullptr, false);
  std::string text = "the server answered with status " + std::to_string(response.status);
  if (!problem.is_object()) return text;
  if (const auto errors = problem.find("errors"); errors != problem.end() && errors->is_object()) {
    std::vector<std::string> lines{"the server refuses what was specified:"};
    for (const auto& [field, message] : errors->items()) {
      lines.push_back("  " + field + ": " +
                      (message.is_string() ? message.get<std::string>() : message.dump()));
    }
    return join(lines, "\n");
  }
  for (const auto* name : {"detail", "error"}) {
    const auto detail = problem.find(name);
    if (detail == problem.end() || !detail->is_string()) continue;
    return "the server says: " + detail->get<std::string>();
  }
  return text;
}

Json parsed_answer(const HttpResponse& response) {
  if (trim(response.body).empty()) return nullptr;
  auto value = Json::parse(response.body, nullptr, false);
  if (value.is_discarded()) throw CorruptError("the server's answer is no JSON");
  return value;
}

}  // namespace

void add_farm_client_options(CLI::App& command, FarmClientOptions& options) {
  command
      .add_option("--server", options.server,
                  "The farm's server (default: $GRANGE_SERVER, else http://127.0.0.1:3000)")
      ->type_name("URL");
  auto* token =
      command
          .add_option("--token", options.token,
                      "A token of an account there (default: $GRANGE_TOKEN); others may see "
                      "arguments: prefer the file")
          ->type_name("TOKEN");
  command.add_option("--token-file", options.token_file, "Read the token from here")
      ->type_name("FILE")
      ->excludes(token);
}

void throw_for_problem(const HttpResponse& response) {
  if (response.ok()) return;
  const auto text = problem_text(response);
  switch (response.status) {
    case 401:
    case 403:
    case 407:
      throw DeniedError(text);
    case 404:
    case 410:
      throw NotFoundError(text);
    case 409:
    case 412:
      throw ConflictError(text);
    case 408:
    case 504:
      throw TimeoutError(text);
    default:
      break;
  }
  if (response.status >= 500 || response.status == 425 || response.status == 429) {
    throw UnavailableError(text);
  }
  throw InvalidError(text);
}

FarmClient::FarmClient(const FarmClientOptions& options, const Clock& clock, std::stop_token stop)
    : clock_(clock),
      stop_(std::move(stop)),
      server_(server_of(options)),
      token_(token_of(options)),
      http_({}, clock) {}

HttpRequest FarmClient::request(const std::string& method, const std::string& path,
                                const Query& query) const {
  // A server behind a path: https://example.org/farm.
  auto base = server_.path();
  while (base.ends_with('/')) base.pop_back();
  auto url = server_.with_path(base + path);
  if (!query.empty()) url = url.with_query(query);
  HttpRequest request(std::move(url), method);
  request.headers.set("Accept", "application/json");
  if (!cookie_.empty()) {
    request.headers.set("Cookie", cookie_);
    request.headers.set("X-CSRF-Token", csrf_);
  } else if (!token_.empty()) {
    request.headers.set("Authorization", "Bearer " + token_);
  }
  return request;
}

Json FarmClient::get(const std::string& path, const Query& query) {
  const auto response = http_.send(request("GET", path, query), stop_);
  throw_for_problem(response);
  return parsed_answer(response);
}

Json FarmClient::get_all(const std::string& path, std::string_view list, Query query) {
  constexpr int kMostPages = 100'000;
  Json all = Json::array();
  for (int pages = 0; pages < kMostPages; ++pages) {
    auto page = get(path, query);
    const auto found = page.find(std::string(list));
    if (!page.is_object() || found == page.end() || !found->is_array()) {
      throw CorruptError("the server's answer has no list of " + std::string(list));
    }
    for (auto& one : *found) all.push_back(std::move(one));
    const auto next = page.find("next");
    if (next == page.end() || !next->is_string()) return all;
    query.clear();
    for (auto& [name, value] : RequestTarget::parse(next->get<std::string>()).parameters) {
      query.push_back({name, value});
    }
  }
  throw CorruptError("the server's list of " + std::string(list) + " has no end");
}

Json FarmClient::send(const std::string& method, const std::string& path, const Json& body,
                      const Query& query) {
  auto asked = request(method, path, query);
  if (!body.is_null()) {
    asked.headers.set("Content-Type", "application/json");
    asked.body = body.dump();
  } else if (method == "POST" || method == "PUT") {
    asked.body = "";
  }
  const auto response = http_.send(std::move(asked), stop_);
  throw_for_problem(response);
  return parsed_answer(response);
}

void FarmClient::download(const std::string& path, Sink& sink, const Query& query) {
  auto asked = request("GET", path, query);
  asked.headers.set("Accept", "text/plain");
  throw_for_problem(http_.download(std::move(asked), sink, stop_));
}

void FarmClient::follow(const std::string& path, const Query& query, const TakeEvents& take,
                        std::optional<MonotonicTime> deadline) {
  ServerEventReader reader;
  bool is_hindered = false;
  MonotonicTime hindered{};  // since when
  const auto is_over = [&] { return deadline && clock_.monotonic() >= *deadline; };
  for (;;) {
    if (is_over()) throw TimeoutError("the time that was to be waited for is over");
    auto asked = request("GET", path, query);
    asked.headers.set("Accept", "text/event-stream");
    if (!reader.last_id().empty()) asked.headers.set("Last-Event-ID", reader.last_id());
    asked.retry = HttpRetryPolicy{.attempts = 1};
    asked.deadline = deadline;
    bool connected = false;
    try {
      if (follow_once(std::move(asked), reader, take, connected)) return;
      is_hindered = false;
    } catch (const Error& error) {
      const bool may_pass =
          error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::timeout;
      if (!may_pass) throw;
      if (is_over()) throw TimeoutError("the time that was to be waited for is over");
      if (connected) is_hindered = false;
      if (!std::exchange(is_hindered, true)) hindered = clock_.monotonic();
      if (clock_.monotonic() - hindered >= kHinderedFor) throw;
    }
    pause(reader.retry().value_or(kUsualRetry), deadline);
  }
}

bool FarmClient::follow_once(HttpRequest request, ServerEventReader& reader, const TakeEvents& take,
                             bool& connected) {
  // What a broken connection has left of an event is no part of the next one's.
  reader.reset_event();
  // Errors have a body that says more than their status: it is asked for where there is one.
  std::unique_ptr<Source> source;
  const auto again = request;
  try {
    source = http_.open(std::move(request), stop_);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::denied ||
        error.kind() == ErrorKind::invalid || error.kind() == ErrorKind::conflict) {
      auto plain = again;
      plain.max_body = HttpResponse::kMaxErrorBody;
      plain.deadline = clock_.monotonic() + kPatienceForProblem;
      throw_for_problem(http_.send(std::move(plain), stop_));
    }
    throw;
  }
  std::array<char, kEventsBuffer> buffer;  // NOLINT: filled before it is read
  for (;;) {
    const auto size = source->read(buffer.data(), buffer.size());
    if (size == 0) return false;
    const auto events = reader.take({buffer.data(), size});
    connected = true;
    if (take(events)) return true;
  }
}

void FarmClient::pause(std::chrono::milliseconds time,
                       const std::optional<MonotonicTime>& deadline) const {
  auto until = clock_.monotonic() + time;
  if (deadline) until = std::min(until, *deadline);
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop_, until, [] { return false; });
  if (stop_.stop_requested()) throw CancelledError("interrupted");
}

void FarmClient::sign_in(const std::string& name, const std::string& password) {
  auto asked = request("POST", "/api/v1/session", {});
  asked.headers.remove("Authorization");
  asked.headers.set("Content-Type", "application/json");
  asked.body = Json{{"name", name}, {"password", password}}.dump();
  const auto response = http_.send(std::move(asked), stop_);
  throw_for_problem(response);
  const auto session = parsed_answer(response);
  const std::string cookie(response.headers.get("Set-Cookie").value_or(""));
  cookie_ = cookie.substr(0, cookie.find(';'));
  const auto csrf = session.is_object() ? session.value("csrf", Json()) : Json();
  if (cookie_.empty() || !csrf.is_string()) {
    throw CorruptError("the server's answer to signing in has no session");
  }
  csrf_ = csrf.get<std::string>();
}

void FarmClient::sign_out() {
  if (cookie_.empty()) return;
  send("DELETE", "/api/v1/session", nullptr);
  cookie_.clear();
  csrf_.clear();
}

}  // namespace grange
