#include "serve/problem.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace grange {
namespace {

constexpr std::size_t kMostFieldErrors = 100;

std::string first_field(const InvalidFieldsError::Fields& fields) {
  GRANGE_CHECK(!fields.empty());
  const auto& [field, message] = *fields.begin();
  return field + ": " + message;
}

/// What may be told of it.
std::string problem_detail(const std::exception& error, int status) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  const bool is_told = status == 400 || status == 409 || status == 422 || status == 429 ||
                       dynamic_cast<const RefusedError*>(&error) != nullptr;
  if (ours != nullptr && is_told) return ours->message();
  if (status == 404) return "there is nothing of this name";
  return std::string(reason_phrase(status));
}

}  // namespace

InvalidFieldsError::InvalidFieldsError(Fields fields)
    : InvalidError(first_field(fields)), fields_(std::move(fields)) {}

void FieldErrors::add(std::string_view field, std::string message) {
  if (fields_.size() >= kMostFieldErrors) return;
  fields_.emplace(std::string(field), std::move(message));
}

void FieldErrors::check() const {
  if (fields_.empty()) return;
  throw InvalidFieldsError(InvalidFieldsError::Fields(fields_.begin(), fields_.end()));
}

int problem_status(const std::exception& error) {
  if (dynamic_cast<const SignInError*>(&error) != nullptr) return 401;
  if (dynamic_cast<const TooManyTriesError*>(&error) != nullptr) return 429;
  if (dynamic_cast<const InvalidFieldsError*>(&error) != nullptr) return 422;
  // What the system refuses the server is not what the server refuses its client.
  if (dynamic_cast<const SystemError*>(&error) != nullptr) return 500;
  // All others as everywhere.
  return error_response(error).status;
}

ServerResponse problem_response(ErrorForm form, const std::exception& error,
                                std::string_view instance) {
  const int status = problem_status(error);
  const std::string detail = problem_detail(error, status);
  nlohmann::json body;
  if (form == ErrorForm::hydra) {
    body["error"] = detail;
  } else {
    body["type"] = "about:blank";
    body["title"] = reason_phrase(status);
    body["status"] = status;
    body["detail"] = detail;
    body["instance"] = instance;
    if (const auto* fields = dynamic_cast<const InvalidFieldsError*>(&error)) {
      body["errors"] = fields->fields();
    }
  }
  auto response =
      json_response(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (form == ErrorForm::problem) {
    response.headers.set("Content-Type", "application/problem+json");
  }
  if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
  if (const auto* many = dynamic_cast<const TooManyTriesError*>(&error)) {
    response.headers.set("Retry-After", std::to_string(many->retry_after().count()));
  }
  return response;
}

ServerResponse json_response(int status, std::string text) {
  ServerResponse response;
  response.status = status;
  response.headers.set("Content-Type", "application/json");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.body = std::move(text);
  return response;
}

Handling answering(ErrorForm form, ErrorReport report, Handling handling) {
  handling.run = [form, report = std::move(report),
                  run = std::move(handling.run)](HandlerCall& call) {
    try {
      return run(call);
    } catch (const std::exception& error) {
      if (report && problem_status(error) >= 500) report(call.request, error);
      return problem_response(form, error, call.request.target.path);
    }
  };
  return handling;
}

}  // namespace grange
