#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_route.h"
#include "serve/identity.h"
#include "serve/json_shape.h"

namespace grange {

/// What a route of the API is to its clients. Each function says one thing and returns the
/// operation.
class ApiOperation {
 public:
  ApiOperation(RequestMethod method, std::string_view pattern, std::string_view id,
               std::string_view tag, std::string_view summary);

  /// More words than the summary.
  ApiOperation& about(std::string_view words);
  /// A query parameter; all others are refused.
  ApiOperation& takes(std::string_view name, shape::Json schema, std::string_view about);
  /// One that must be there.
  ApiOperation& must_have(std::string_view name, shape::Json schema, std::string_view about);
  /// The parameters of a list that is read page by page: `limit`, and `key`, behind which a page
  /// begins.
  ApiOperation& paged(std::string_view key, shape::Json schema, std::size_t most = 1000);
  ApiOperation& body(shape::Json schema, std::optional<shape::Json> example = std::nullopt);
  /// A JSON answer.
  ApiOperation& answers(int status, shape::Json schema,
                        std::optional<shape::Json> example = std::nullopt);
  /// An answer of another media type, or none at all where it is empty.
  ApiOperation& answers_with(int status, std::string_view type, std::string_view about);
  /// A header that the client may send.
  ApiOperation& header(std::string_view name, std::string_view about);
  /// Beside what every operation of its kind may be refused for.
  ApiOperation& refuses(int status);
  /// What who asks must be permitted. Says which roles and scope that takes.
  ApiOperation& needs(Permission permission);
  /// One must have signed in: by a session, or, with `read`, also with a token of that scope.
  ApiOperation& needs_account(bool read);
  /// Who is nobody yet calls it: neither CSRF token nor session is asked for.
  ApiOperation& for_nobody();

  RequestMethod method() const { return method_; }
  const std::string& pattern() const { return pattern_; }
  bool has_parameter(std::string_view name) const;
  shape::Json json() const;

 private:
  bool changes() const { return method_ != RequestMethod::get; }
  shape::Json security() const;

  const RequestMethod method_;
  const std::string pattern_;
  const std::string id_;
  const std::string tag_;
  const std::string summary_;
  std::string about_;
  std::vector<std::string> names_;  ///< of query parameters
  shape::Json parameters_ = shape::Json::array();
  shape::Json body_;
  shape::Json responses_ = shape::Json::object();
  std::vector<int> refusals_;
  std::optional<Permission> permission_;
  enum class Asks { anybody, reader, account, nobody };
  Asks asks_ = Asks::anybody;
};

/// All of the API: what its document (OpenAPI 3.1) says, and the routes are held to. Not changed
/// once it serves, and then thread safe.
class ApiDescription {
 public:
  /// Of every route that there is: openapi_NOUN.cc.
  static ApiDescription of_all();

  ApiOperation& add(RequestMethod method, std::string_view pattern, std::string_view id,
                    std::string_view tag, std::string_view summary);
  /// A schema that others refer to (shape::ref).
  void schema(std::string_view name, shape::Json schema);

  const ApiOperation* find(RequestMethod method, std::string_view pattern) const;
  const std::deque<ApiOperation>& operations() const { return operations_; }
  /// Is a path the document's to describe?
  static bool describes(std::string_view path);
  /// What the router has and the document does not, and the other way round; empty: nothing.
  std::vector<std::string> differences(const Router& router) const;

  shape::Json document() const;

 private:
  std::deque<ApiOperation> operations_;
  shape::Json schemas_ = shape::Json::object();
};

/// What is the same of the log of a build and of a step.
void describe_log(ApiOperation& operation);

// The parts of ApiDescription::of_all, by noun.
void describe_projects(ApiDescription& api);
void describe_evaluations(ApiDescription& api);
void describe_builds(ApiDescription& api);
void describe_steps(ApiDescription& api);
void describe_derivations(ApiDescription& api);
void describe_store_paths(ApiDescription& api);
void describe_commits(ApiDescription& api);
void describe_machines(ApiDescription& api);
void describe_accounts(ApiDescription& api);
void describe_targets(ApiDescription& api);
void describe_attention(ApiDescription& api);
void describe_search(ApiDescription& api);
void describe_system(ApiDescription& api);

}  // namespace grange
