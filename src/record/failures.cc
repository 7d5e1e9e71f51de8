#include "record/failures.h"

#include "derivation/store_path.h"
#include "record/derivations.h"
#include "record/rows.h"

namespace grange {

void forget_failures(Database& database, std::span<const std::string> derivations) {
  Derivations table(database);
  for (const auto& name : derivations) {
    const auto path = StorePath::try_parse(name);
    if (!path) continue;
    const auto derivation = table.find(*path);
    if (derivation && derivation->output_set) {
      run(database,
          "DELETE FROM failures WHERE output_set IN "
          "(SELECT id FROM output_sets WHERE digest = ?1)",
          BlobValue{derivation->output_set->bytes()});
    }
    // What was resolved is not a recorded derivation; its attempts name it.
    run(database,
        "DELETE FROM failures WHERE output_set IN "
        "(SELECT output_set FROM attempts WHERE recipe = ?1 AND fixed_output = 0)",
        name);
    run(database,
        "DELETE FROM failures WHERE attempt IN (SELECT id FROM attempts WHERE recipe = ?1)", name);
  }
}

}  // namespace grange
