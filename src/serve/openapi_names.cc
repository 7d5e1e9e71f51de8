#include "serve/openapi_names.h"

#include "derivation/build_result.h"
#include "derivation/verdict.h"

namespace grange {

std::vector<std::string_view> outcome_names() {
  std::vector<std::string_view> names;
  for (auto number = 0; number <= static_cast<int>(Outcome::cancelled); ++number) {
    const auto outcome = static_cast<Outcome>(number);
    if (outcome != Outcome::unknown) names.push_back(to_string(outcome));
  }
  return names;
}

std::vector<std::string_view> verdict_names() {
  std::vector<std::string_view> names;
  for (auto number = 0; number <= static_cast<int>(Verdict::removed); ++number) {
    names.push_back(to_string(static_cast<Verdict>(number)));
  }
  return names;
}

}  // namespace grange
