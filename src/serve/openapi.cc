#include "serve/openapi.h"

#include <algorithm>

#include "http/http_server_message.h"
#include "serve/api_json.h"

namespace grange {
namespace {

/// Every operation may be refused with these, if its kind asks for it.
constexpr int kBadRequest = 400;
constexpr int kNotSignedIn = 401;
constexpr int kRefused = 403;
constexpr int kNotFound = 404;
constexpr int kInvalidFields = 422;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

/// The names in the braces of a pattern, in order.
std::vector<std::string> names_in(std::string_view pattern) {
  std::vector<std::string> names;
  for (auto open = pattern.find('{'); open != pattern.npos; open = pattern.find('{', open)) {
    const auto close = pattern.find('}', open);
    names.emplace_back(pattern.substr(open + 1, close - open - 1));
    open = close;
  }
  return names;
}

ApiJson parameter_json(std::string_view name, std::string_view in, ApiJson schema,
                       std::string_view about) {
  ApiJson parameter{{"name", name}, {"in", in}};
  if (in == "path") parameter["required"] = true;
  if (!about.empty()) parameter["description"] = about;
  parameter["schema"] = std::move(schema);
  return parameter;
}

ApiJson path_parameter(const std::string& name) {
  return parameter_json(name, "path", name == "id" ? shape::integer() : shape::text(), "");
}

ApiJson content_of(std::string_view type, ApiJson schema, std::optional<ApiJson> example) {
  ApiJson media{{"schema", std::move(schema)}};
  if (example) media["example"] = *std::move(example);
  return {{std::string(type), std::move(media)}};
}

/// Which roles and what part in a project suffice, found by asking the rules themselves.
ApiJson needs_json(Permission permission) {
  const ProjectFacts project{false, "owner", {"member"}};
  const auto may_do = [&](std::string_view name, std::optional<Role> role) {
    Identity who;
    who.by = Identity::By::session;
    who.account = 1;
    who.name = name;
    if (role) who.roles.insert(*role);
    return may(who, permission, &project);
  };
  ApiJson roles = ApiJson::array();
  for (const auto& [role, name] : kRoles) {
    if (may_do("somebody", role)) roles.push_back(name);
  }
  return {{"roles", std::move(roles)},
          {"projectOwner", may_do("owner", std::nullopt)},
          {"projectMembers", may_do("member", std::nullopt)},
          {"scope", to_string(scope_of(permission))}};
}

ApiJson problem_schema() {
  return shape::object({{"type", shape::text()},
                        {"title", shape::text()},
                        {"status", shape::integer()},
                        {"detail", shape::text()},
                        {"instance", shape::text()},
                        shape::may_have("errors", shape::described(shape::map_of(shape::text()),
                                                                   "What is wrong, by field."))});
}

ApiJson security_schemes() {
  return {{"token",
           {{"type", "http"},
            {"scheme", "bearer"},
            {"description", "A token of the API; each permission takes one of its scopes."}}},
          {"session",
           {{"type", "apiKey"},
            {"in", "cookie"},
            {"name", "grange_session"},
            {"description", "The cookie of who has signed in."}}},
          {"csrf",
           {{"type", "apiKey"},
            {"in", "header"},
            {"name", "X-CSRF-Token"},
            {"description", "With a session, what changes something: `csrf` of the session."}}}};
}

constexpr std::string_view kAboutApi =
    "What a Grange farm knows and does. Numbers name things for good. Times are RFC 3339 in UTC. "
    "What is not known is null; objects have the fields that are described, and no others, and "
    "unknown fields and parameters of requests are refused by name. Errors are problem details "
    "(RFC 9457). Lists are read page by page: follow `next` until it is null. Answers to GET have "
    "an ETag, so that asking again with If-None-Match costs little; HEAD answers like GET. What "
    "is hidden from who asks is answered like what is missing. Malformed requests and "
    "bodies that are too large are refused (400, 413) before anybody looks where they should go, "
    "in plain words.";

}  // namespace

ApiOperation::ApiOperation(RequestMethod method, std::string_view pattern, std::string_view id,
                           std::string_view tag, std::string_view summary)
    : method_(method), pattern_(pattern), id_(id), tag_(tag), summary_(summary) {
  for (const auto& name : names_in(pattern)) parameters_.push_back(path_parameter(name));
}

ApiOperation& ApiOperation::about(std::string_view words) {
  about_ = words;
  return *this;
}

ApiOperation& ApiOperation::takes(std::string_view name, ApiJson schema, std::string_view about) {
  names_.emplace_back(name);
  parameters_.push_back(parameter_json(name, "query", std::move(schema), about));
  return *this;
}

ApiOperation& ApiOperation::must_have(std::string_view name, ApiJson schema,
                                      std::string_view about) {
  takes(name, std::move(schema), about);
  parameters_.back()["required"] = true;
  return *this;
}

ApiOperation& ApiOperation::paged(std::string_view key, ApiJson schema, std::size_t most) {
  takes(key, std::move(schema), "Where the page begins: behind this one. See `next`.");
  ApiJson limit = shape::integer(1);
  limit["maximum"] = most;
  return takes("limit", std::move(limit), "How many at most.");
}

ApiOperation& ApiOperation::body(ApiJson schema, std::optional<ApiJson> example) {
  body_ = {{"required", true},
           {"content", content_of("application/json", std::move(schema), std::move(example))}};
  return *this;
}

ApiOperation& ApiOperation::answers(int status, ApiJson schema, std::optional<ApiJson> example) {
  responses_[std::to_string(status)] = {
      {"description", reason_phrase(status)},
      {"content", content_of("application/json", std::move(schema), std::move(example))}};
  return *this;
}

ApiOperation& ApiOperation::answers_with(int status, std::string_view type,
                                         std::string_view about) {
  auto& response = responses_[std::to_string(status)];
  response["description"] = about;
  if (!type.empty()) response["content"][std::string(type)] = {{"schema", shape::text()}};
  return *this;
}

ApiOperation& ApiOperation::header(std::string_view name, std::string_view about) {
  parameters_.push_back(parameter_json(name, "header", shape::text(), about));
  return *this;
}

ApiOperation& ApiOperation::refuses(int status) {
  refusals_.push_back(status);
  return *this;
}

ApiOperation& ApiOperation::needs(Permission permission) {
  permission_ = permission;
  return *this;
}

ApiOperation& ApiOperation::needs_account(bool read) {
  asks_ = read ? Asks::reader : Asks::account;
  return *this;
}

ApiOperation& ApiOperation::for_nobody() {
  asks_ = Asks::nobody;
  return *this;
}

bool ApiOperation::has_parameter(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

ApiJson ApiOperation::security() const {
  const auto with = [](std::initializer_list<const char*> schemes, ApiJson scopes) {
    ApiJson requirement = ApiJson::object();
    for (const char* scheme : schemes) {
      requirement[scheme] = std::string_view(scheme) == "token" ? scopes : ApiJson::array();
    }
    return requirement;
  };
  ApiJson list = ApiJson::array();
  if (asks_ == Asks::nobody || (asks_ == Asks::anybody && !changes() && !permission_)) {
    list.push_back(ApiJson::object());
  }
  if (asks_ == Asks::nobody) return list;
  ApiJson scopes = ApiJson::array();
  if (permission_) scopes.push_back(to_string(scope_of(*permission_)));
  if (!permission_ && !changes()) scopes.push_back(to_string(Scope::read));
  if (asks_ != Asks::account) list.push_back(with({"token"}, std::move(scopes)));
  list.push_back(changes() ? with({"session", "csrf"}, {}) : with({"session"}, {}));
  return list;
}

ApiJson ApiOperation::json() const {
  ApiJson operation{{"operationId", id_}, {"tags", {tag_}}, {"summary", summary_}};
  if (!about_.empty()) operation["description"] = about_;
  if (!parameters_.empty()) operation["parameters"] = parameters_;
  if (!body_.is_null()) operation["requestBody"] = body_;
  auto responses = responses_;
  // All but streams have an ETag.
  const bool has_etag = responses.contains("200") && responses["200"].contains("content") &&
                        !(responses["200"]["content"].size() == 1 &&
                          responses["200"]["content"].contains("text/event-stream"));
  if (!changes() && has_etag) {
    responses["304"] = {{"description", "What If-None-Match names is still so."}};
  }
  auto refusals = refusals_;
  refusals.insert(refusals.end(), {kNotSignedIn, kInvalidFields});
  if (!body_.is_null()) refusals.push_back(kBadRequest);
  if (changes() || permission_ || asks_ != Asks::anybody) refusals.push_back(kRefused);
  if (pattern_.find('{') != pattern_.npos) refusals.push_back(kNotFound);
  std::sort(refusals.begin(), refusals.end());
  for (const int status : refusals) {
    responses[std::to_string(status)] = {{"$ref", "#/components/responses/Problem"}};
  }
  responses["default"] = {{"$ref", "#/components/responses/Problem"}};
  operation["responses"] = std::move(responses);
  operation["security"] = security();
  if (permission_) operation["x-grange-needs"] = needs_json(*permission_);
  return operation;
}

ApiDescription ApiDescription::of_all() {
  ApiDescription api;
  describe_system(api);
  describe_projects(api);
  describe_evaluations(api);
  describe_builds(api);
  describe_steps(api);
  describe_derivations(api);
  describe_store_paths(api);
  describe_commits(api);
  describe_machines(api);
  describe_targets(api);
  describe_attention(api);
  describe_search(api);
  describe_accounts(api);
  return api;
}

ApiOperation& ApiDescription::add(RequestMethod method, std::string_view pattern,
                                  std::string_view id, std::string_view tag,
                                  std::string_view summary) {
  return operations_.emplace_back(method, pattern, id, tag, summary);
}

void ApiDescription::schema(std::string_view name, ApiJson schema) {
  schemas_[std::string(name)] = std::move(schema);
}

const ApiOperation* ApiDescription::find(RequestMethod method, std::string_view pattern) const {
  const auto found =
      std::find_if(operations_.begin(), operations_.end(), [&](const ApiOperation& operation) {
        return operation.method() == method && operation.pattern() == pattern;
      });
  return found != operations_.end() ? &*found : nullptr;
}

bool ApiDescription::describes(std::string_view path) {
  return path.starts_with("/api/v1/") || path == "/health" || path == "/metrics";
}

std::vector<std::string> ApiDescription::differences(const Router& router) const {
  std::vector<std::string> differences;
  const auto listed = router.list();
  const auto name = [](RequestMethod method, const std::string& pattern) {
    return std::string(to_string(method)) + " " + pattern;
  };
  for (const auto& route : listed) {
    if (describes(route.pattern) && find(route.method, route.pattern) == nullptr) {
      differences.push_back(name(route.method, route.pattern) +
                            " has no description (serve/openapi_*.cc)");
    }
  }
  for (const auto& operation : operations_) {
    const bool is_there = std::any_of(listed.begin(), listed.end(), [&](const auto& route) {
      return route.method == operation.method() && route.pattern == operation.pattern();
    });
    if (!is_there) {
      differences.push_back(name(operation.method(), operation.pattern()) +
                            " is described, but there is no such route");
    }
  }
  return differences;
}

ApiJson ApiDescription::document() const {
  ApiJson paths = ApiJson::object();
  for (const auto& operation : operations_) {
    paths[operation.pattern()][lower(to_string(operation.method()))] = operation.json();
  }
  auto schemas = schemas_;
  schemas["Problem"] = problem_schema();
  ApiJson problem{
      {"description", "What is wrong, in words; of fields, by their names."},
      {"content", content_of("application/problem+json", shape::ref("Problem"), std::nullopt)}};
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "Grange"}, {"version", GRANGE_VERSION}, {"description", kAboutApi}}},
          {"servers", {{{"url", "/"}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", std::move(schemas)},
            {"responses", {{"Problem", std::move(problem)}}},
            {"securitySchemes", security_schemes()}}}};
}

}  // namespace grange
