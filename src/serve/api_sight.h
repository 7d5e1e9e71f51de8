#pragma once

#include <cstdint>
#include <map>

#include "record/derivations.h"
#include "serve/api_context.h"

namespace grange {

/// What somebody sees of what belongs to no jobset: an output set, a derivation, an attempt. It is
/// seen where nothing is hidden at all, by who sees everything, and where a jobset that one sees
/// has had it built, or had a step of it made. A derivation that was itself built is as hidden as
/// those builds, whatever produces the same. Looks at each jobset once.
class Sight {
 public:
  Sight(const ApiCall& call, Database& database);

  /// Whatever there is.
  bool sees_everything() const { return sees_everything_; }
  bool sees_jobset(std::int64_t id);
  bool sees_output_set(const std::optional<OutputSetId>& set);
  bool sees_derivation(const DerivationRow& derivation);
  /// It is an output of a build that is seen, or the derivation that it is, or that made it, is
  /// seen. `deriver`: nothing where it is not known.
  bool sees_store_path(const StorePath& path, const std::optional<StorePath>& deriver);

 private:
  bool sees_one_of(const std::vector<std::int64_t>& jobsets);

  const ApiCall& call_;
  Database& database_;
  const bool sees_everything_;
  std::map<std::int64_t, bool> jobsets_;
  std::map<OutputSetId, bool> output_sets_;
};

/// The derivation that a path names by its number or its file name; throws NotFoundError, also for
/// one that is not seen.
DerivationRow seen_derivation(const ApiCall& call, Database& database, const std::string& text);

}  // namespace grange
