#include "plan/plan_messages.h"

#include <fmt/format.h>

namespace grange {
namespace {

constexpr std::size_t kNamed = 4;  ///< how many others a message names

std::string joined(std::span<const std::string> names) {
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace

std::string printed(const DerivationGraph& graph, DerivationIndex derivation) {
  return graph.store_dir().print(graph.path(derivation));
}

std::string unknown_output_message(const DerivationGraph& graph, DerivationIndex derivation,
                                   std::span<const std::string> declared,
                                   std::span<const std::string> specified) {
  std::vector<std::string> unknown;
  for (const auto& name : specified) {
    if (!output_mask(declared, std::span(&name, 1))) unknown.push_back("'" + name + "'");
  }
  return fmt::format("derivation '{}' has no output {}; it has: {}", printed(graph, derivation),
                     joined(unknown), joined(declared));
}

std::string broken_message(const DerivationGraph& graph, DerivationIndex derivation) {
  const auto problem = graph.problem(derivation);
  switch (graph.state(derivation)) {
    case DerivationGraph::State::missing:
      return fmt::format("derivation '{}' is missing{}{}", printed(graph, derivation),
                         problem.empty() ? "" : ": ", problem);
    case DerivationGraph::State::cyclic:
      return fmt::format("derivation '{}' needs itself to be built{}{}", printed(graph, derivation),
                         problem.empty() ? "" : ": ", problem);
    default:
      return fmt::format("derivation '{}' cannot be used{}{}", printed(graph, derivation),
                         problem.empty() ? "" : ": ", problem);
  }
}

std::string through_input_message(const DerivationGraph& graph,
                                  std::span<const DerivationIndex> culprits,
                                  const FailedRecipe& first) {
  std::string text =
      fmt::format("it needs '{}', which {} ({})", printed(graph, culprits.front()),
                  first.outcome == Outcome::aborted ? "was not made" : "failed",
                  first.outcome == Outcome::aborted ? first.message : to_string(first.outcome));
  if (culprits.size() > 1) {
    text +=
        fmt::format(", and {}{} more", culprits.size() == Plan::kMaxFailedInputs ? "at least " : "",
                    culprits.size() - 1);
  }
  return text;
}

std::string not_started_message(const DerivationGraph& graph, DerivationIndex failed) {
  return fmt::format(
      "not tried, because '{}' failed and nothing new starts after a failure in this run",
      printed(graph, failed));
}

std::string failed_message(const DerivationGraph& graph, std::span<const FailedRecipe> failures,
                           const FailedRecipe& decisive) {
  std::string text = decisive.message;
  if (failures.size() < 2) return text;
  text += fmt::format("{}{} recipes of these outputs were tried; also:", text.empty() ? "" : "\n",
                      failures.size());
  std::size_t named = 0;
  for (const auto& failure : failures) {
    if (&failure == &decisive) continue;
    if (named++ == kNamed) {
      text += " …";
      break;
    }
    text += fmt::format("{} '{}' ({})", named == 1 ? "" : ",", printed(graph, failure.recipe),
                        to_string(failure.outcome));
  }
  return text;
}

}  // namespace grange
