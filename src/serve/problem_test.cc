#include "serve/problem.h"

#include <cerrno>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

nlohmann::json problem_body(const ServerResponse& response) {
  return nlohmann::json::parse(std::get<std::string>(response.body));
}

TEST(Problem, KindsBecomeStatuses) {
  EXPECT_EQ(problem_status(NotFoundError("x")), 404);
  EXPECT_EQ(problem_status(InvalidError("x")), 400);
  EXPECT_EQ(problem_status(InvalidFieldsError(InvalidFieldsError::Fields{{"a", "b"}})), 422);
  EXPECT_EQ(problem_status(ConflictError("x")), 409);
  EXPECT_EQ(problem_status(DeniedError("x")), 403);
  EXPECT_EQ(problem_status(RefusedError("x")), 403);
  EXPECT_EQ(problem_status(SignInError("x")), 401);
  EXPECT_EQ(problem_status(SystemError(EACCES, "opening")), 500);
  EXPECT_EQ(problem_status(TooManyTriesError(std::chrono::seconds(3))), 429);
  EXPECT_EQ(problem_status(UnavailableError("x")), 503);
  EXPECT_EQ(problem_status(TimeoutError("x")), 504);
  EXPECT_EQ(problem_status(CorruptError("x")), 500);
  EXPECT_EQ(problem_status(std::runtime_error("x")), 500);
}

TEST(Problem, DetailsAreThoseOfTheRfc) {
  const auto response =
      problem_response(ErrorForm::problem, ConflictError("it is there"), "/api/v1/x");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(problem_body(response), nlohmann::json({{"type", "about:blank"},
                                                    {"title", "Conflict"},
                                                    {"status", 409},
                                                    {"detail", "it is there"},
                                                    {"instance", "/api/v1/x"}}));
}

TEST(Problem, FieldsAreNamed) {
  FieldErrors errors;
  EXPECT_NO_THROW(errors.check());
  errors.add("name", "first");
  errors.add("name", "second");
  errors.add("inputs.a.type", "third");
  EXPECT_TRUE(errors.has("name"));
  EXPECT_FALSE(errors.has("nam"));
  try {
    errors.check();
    FAIL();
  } catch (const InvalidFieldsError& error) {
    const auto body = problem_body(problem_response(ErrorForm::problem, error, "/"));
    EXPECT_EQ(body["status"], 422);
    EXPECT_EQ(body["errors"], nlohmann::json({{"name", "first"}, {"inputs.a.type", "third"}}));
    const auto hydras = problem_body(problem_response(ErrorForm::hydra, error, "/"));
    EXPECT_EQ(hydras, nlohmann::json({{"error", "inputs.a.type: third"}}));
  }
}

TEST(Problem, TheServersOwnErrorsTellNothing) {
  for (const auto form : {ErrorForm::problem, ErrorForm::hydra}) {
    for (const auto& response :
         {problem_response(form, CorruptError("/secret/file"), "/"),
          problem_response(form, UnavailableError("/secret/file"), "/"),
          problem_response(form, SystemError(EACCES, "opening /secret/file"), "/"),
          problem_response(form, NotFoundError("/secret/file"), "/"),
          problem_response(form, DeniedError("/secret/file"), "/"),
          problem_response(form, std::runtime_error("/secret/file"), "/")}) {
      EXPECT_EQ(std::get<std::string>(response.body).find("secret"), std::string::npos)
          << std::get<std::string>(response.body);
    }
  }
}

TEST(Problem, HeadersTellWhatToDo) {
  EXPECT_EQ(problem_response(ErrorForm::hydra, TooManyTriesError(std::chrono::seconds(3)), "/")
                .headers.get("Retry-After"),
            "3");
  EXPECT_EQ(
      problem_response(ErrorForm::problem, SignInError("x"), "/").headers.get("WWW-Authenticate"),
      "Bearer");
}

TEST(Problem, ForeignBytesAreReplaced) {
  EXPECT_NO_THROW(problem_response(ErrorForm::problem, InvalidError("\xff"), "/\xfe"));
}

TEST(Problem, TheServersOwnErrorsAreReported) {
  int reports = 0;
  ServerRequest request;
  request.target.path = "/x";
  HandlerCall call{.request = request, .captured = {}, .text = {}, .stop = {}};
  const auto answer = [&](auto error) {
    Handling handling;
    handling.run = [&](HandlerCall&) -> ServerResponse { throw error; };
    return answering(
               ErrorForm::problem, [&](const ServerRequest&, const std::exception&) { ++reports; },
               handling)
        .run(call)
        .status;
  };
  EXPECT_EQ(answer(InvalidError("x")), 400);
  EXPECT_EQ(reports, 0);
  EXPECT_EQ(answer(CorruptError("x")), 500);
  EXPECT_EQ(reports, 1);
}

}  // namespace
}  // namespace grange
