#include "evaluate/derivation_facts.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "derivation/aterm_reader.h"
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
  AtermFields fields;
  with_context([&] { return "while reading '" + derivation_path + "'"; },
               [&] { read_aterm(store_dir_, *text, fields); });
  std::string name(path.derivation_name());
  EvaluatedTarget target{make_label(attr_path),
                         std::move(attr_path),
                         std::move(path),
                         std::move(name),
                         std::string(fields.system.of(*text)),
                         {},
                         "{}",
                         {}};
  for (const auto& output : fields.outputs) {
    const auto stated = output.path.of(*text);
    target.outputs.emplace_back(
        output.name.of(*text),
        stated.empty() ? std::nullopt : std::optional(store_dir_.parse_path(stated)));
  }
  return target;
}

}  // namespace grange
