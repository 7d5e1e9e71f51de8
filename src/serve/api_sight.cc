#include "serve/api_sight.h"

#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "record/attempt_history.h"

namespace grange {

Sight::Sight(const ApiCall& call, Database& database)
    : call_(call),
      database_(database),
      sees_everything_(sees_all(call) || !hides_anything(database)) {}

bool Sight::sees_jobset(std::int64_t id) {
  if (sees_everything_ || id == 0) return true;
  const auto [found, is_new] = jobsets_.emplace(id, false);
  if (!is_new) return found->second;
  if (Jobsets(database_).find(id)) {
    try {
      seen_jobset(call_, database_, id);
      found->second = true;
    } catch (const NotFoundError&) {
      found->second = false;
    }
  } else {
    found->second = !Jobsets(database_).is_hidden(id);  // deleted
  }
  return found->second;
}

bool Sight::sees_one_of(const std::vector<std::int64_t>& jobsets) {
  for (const auto jobset : jobsets) {
    if (sees_jobset(jobset)) return true;
  }
  return false;
}

bool Sight::sees_output_set(const std::optional<OutputSetId>& set) {
  if (sees_everything_) return true;
  if (!set) return false;
  const auto [found, is_new] = output_sets_.emplace(*set, false);
  if (!is_new) return found->second;
  const auto row = find_output_set_row(database_, *set);
  found->second = row && sees_one_of(jobsets_concerned(database_, row->id, std::nullopt));
  return found->second;
}

bool Sight::sees_derivation(const DerivationRow& derivation) {
  if (sees_everything_) return true;
  // What a visible one produces, a hidden one may produce too: that does not show it.
  const auto jobsets = jobsets_concerned(database_, std::nullopt, derivation.id);
  return jobsets.empty() ? sees_output_set(derivation.output_set) : sees_one_of(jobsets);
}

bool Sight::sees_store_path(const StorePath& path, const std::optional<StorePath>& deriver) {
  if (sees_everything_) return true;
  constexpr std::size_t kLookedAt = 100;
  const auto builds = Builds(database_).with_output(path.hash_part(), true, kLookedAt);
  for (const auto& build : builds) {
    if (sees_jobset(build.jobset)) return true;
  }
  if (!builds.empty()) return false;
  const auto derivation = path.is_derivation() ? Derivations(database_).find(path)
                          : deriver            ? Derivations(database_).find(*deriver)
                                               : std::nullopt;
  return derivation && sees_derivation(*derivation);
}

DerivationRow seen_derivation(const ApiCall& call, Database& database, const std::string& text) {
  Derivations derivations(database);
  std::optional<DerivationRow> found;
  if (const auto path = StorePath::try_parse(text)) {
    found = derivations.find(*path);
    // The table goes by the digest alone.
    if (found && found->path != *path) found.reset();
  } else if (const auto number = parse_number(text);
             number && *number <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    found = derivations.find(static_cast<std::int64_t>(*number));
  }
  if (!found || !Sight(call, database).sees_derivation(*found)) {
    throw NotFoundError("there is no derivation '" + printable(text) + "'");
  }
  return *std::move(found);
}

}  // namespace grange
