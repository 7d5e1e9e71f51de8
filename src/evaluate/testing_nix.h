#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/file.h"
#include "evaluate/evaluator.h"
#include "evaluate/testing_sink.h"

namespace grange {

/// Evaluates into a store of its own (tests).
class EvaluatorTest : public testing::Test {
 protected:
  EvaluatorTest() {
    options.eval_store_root = directory.path() / "eval";
    options.nix_eval_jobs_program = "";
    options.fsync_metadata = false;
  }

  static bool has_nix() { return std::system("command -v nix > /dev/null") == 0; }

  std::filesystem::path write(const std::string& name, std::string_view text) const {
    const auto path = directory.path() / name;
    write_file(path, text);
    return path;
  }
  /// A program that stands in for a real one: bash.
  std::string write_program(const std::string& name, std::string_view text) const {
    const auto path = directory.path() / name;
    write_file(path, "#!/bin/bash\n" + std::string(text), Durability::atomic, 0755);
    return path.string();
  }

  EvaluationSummary evaluate(const Selection& selection, std::stop_token stop = {}) {
    return make_nix_evaluator(clock)->evaluate(selection, options, sink, std::move(stop));
  }
  EvaluationSummary evaluate_expression(std::string_view expression) {
    Selection selection;
    selection.expression = expression;
    return evaluate(selection);
  }

  TemporaryDirectory directory;
  SystemClock clock;
  EvaluateOptions options;
  CollectingSink sink;
};

/// Where nix is not installed, these tests are skipped.
class NixEvaluatorTest : public EvaluatorTest {
 protected:
  void SetUp() override {
    if (!has_nix()) GTEST_SKIP() << "nix is not installed";
  }
};

/// Beginning of expressions: `simple NAME` is a derivation.
inline constexpr std::string_view kSimple = R"(
let simple = name: derivation {
  inherit name; system = "x86_64-linux"; builder = "/bin/sh";
}; in
)";

inline std::string with_simple(std::string_view expression) {
  return std::string(kSimple).append(expression);
}

}  // namespace grange
