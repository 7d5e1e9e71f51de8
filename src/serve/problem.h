#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/http_server_handler.h"

namespace grange {

/// Who asks may not: 403, with its message. That of other DeniedErrors is not told: it may be of a
/// database or file that refuses the server itself.
class RefusedError : public DeniedError {
 public:
  using DeniedError::DeniedError;
};

/// Nobody is signed in, or what was to prove it does not: 401.
class SignInError : public RefusedError {
 public:
  using RefusedError::RefusedError;
};

/// Too many tries: 429.
class TooManyTriesError : public UnavailableError {
 public:
  explicit TooManyTriesError(std::chrono::seconds retry_after)
      : UnavailableError("too many tries; the next one is taken in " +
                         std::to_string(retry_after.count()) + " s"),
        retry_after_(retry_after) {}
  std::chrono::seconds retry_after() const { return retry_after_; }

 private:
  std::chrono::seconds retry_after_;
};

/// What is wrong with the fields of a request, by field: 422.
class InvalidFieldsError : public InvalidError {
 public:
  using Fields = std::map<std::string, std::string>;
  /// Not empty.
  explicit InvalidFieldsError(Fields fields);
  const Fields& fields() const { return fields_; }

 private:
  Fields fields_;
};

/// Collects what is wrong with fields, to tell all of it at once.
class FieldErrors {
 public:
  /// The first of each field stays. Beyond 100 fields, none is added.
  void add(std::string_view field, std::string message);
  bool has(std::string_view field) const { return fields_.find(field) != fields_.end(); }
  bool empty() const { return fields_.empty(); }
  /// Throws InvalidFieldsError when there are any.
  void check() const;

 private:
  std::map<std::string, std::string, std::less<>> fields_;
};

/// How errors are told.
enum class ErrorForm {
  problem,  ///< RFC 9457, application/problem+json, with "errors": {FIELD: MESSAGE} where it has
            ///< them
  hydra,    ///< {"error": MESSAGE}
};

/// The one place where errors become statuses here. Only what was asked wrongly, is in conflict or
/// is refused (RefusedError) tells its message: others may name files of the server.
int problem_status(const std::exception& error);
/// `instance`: the path that was asked for.
ServerResponse problem_response(ErrorForm form, const std::exception& error,
                                std::string_view instance);

/// A response that has this JSON for its body. It is kept by no cache.
ServerResponse json_response(int status, std::string text);

/// Told of errors that are the server's own. Called on any thread; must not throw.
using ErrorReport = std::function<void(const ServerRequest&, const std::exception&)>;

/// A handling whose errors are told in this form.
Handling answering(ErrorForm form, ErrorReport report, Handling handling);

}  // namespace grange
