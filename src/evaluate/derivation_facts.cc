#include "evaluate/derivation_facts.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "derivation/aterm.h"
#include "derivation/target_map.h"

namespace grange {
namespace {

/// Derivations are small; those of large package sets that list a world of paths have megabytes.
constexpr std::uint64_t kLargestDerivation = std::uint64_t{256} << 20;

}  // namespace

DerivationFacts::DerivationFacts(const std::filesystem::path& eval_store_root)
    : real_store_(std::filesystem::absolute(eval_store_root) /
                  std::filesystem::path(store_dir_.str()).relative_path()) {}

EvaluatedTarget DerivationFacts::target(std::vector<std::string> attr_path,
                                        const std::string& derivation_path) const {
  auto path = store_dir_.parse_path(derivation_path);
  if (!path.is_derivation()) {
    throw InvalidError("its drvPath '" + derivation_path + "' is not the path of a derivation");
  }
  const auto text = try_read_file(real_store_ / path.base_name(), kLargestDerivation);
  if (!text) {
    throw NotFoundError("its derivation '" + derivation_path + "' is not in the eval store");
  }
  const Derivation derivation =
      with_context([&] { return "while reading '" + derivation_path + "'"; },
                   [&] { return parse_aterm(store_dir_, path.derivation_name(), *text); });
  EvaluatedTarget target{make_label(attr_path),
                         std::move(attr_path),
                         std::move(path),
                         derivation.name,
                         derivation.system,
                         {},
                         "{}",
                         {}};
  for (const auto& [name, output] : derivation.outputs) {
    target.outputs.emplace_back(name, derivation.stated_path(name));
  }
  return target;
}

}  // namespace grange
