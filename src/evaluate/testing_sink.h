#pragma once

#include <map>
#include <string>
#include <vector>

#include "evaluate/evaluator.h"

namespace grange {

/// Keeps everything it is given (tests).
class CollectingSink final : public TargetSink {
 public:
  void target(EvaluatedTarget found) override {
    labels.push_back(found.label);
    auto label = found.label;
    targets.emplace(std::move(label), std::move(found));
  }
  void error(EvaluationError failed) override {
    labels.push_back(failed.label);
    errors.emplace(failed.label, failed.error);
  }
  void message(std::string_view text) override { messages.emplace_back(text); }

  std::map<std::string, EvaluatedTarget, std::less<>> targets;
  std::map<std::string, std::string, std::less<>> errors;
  std::vector<std::string> labels;
  std::vector<std::string> messages;
};

}  // namespace grange
