#include "serve/api_parameters.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "record/derivations.h"
#include "record/rows.h"
#include "serve/openapi_names.h"

namespace grange {

std::optional<Outcome> outcome_parameter(const ApiCall& call) {
  const auto text = call.parameter("outcome");
  if (!text) return std::nullopt;
  const auto outcome = parse_outcome(*text);
  if (!outcome || outcome == Outcome::unknown) {
    const auto names = outcome_names();
    const std::vector<std::string> texts(names.begin(), names.end());
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"outcome", "specified one of " + join(texts, ", ") + "; got '" + printable(*text) + "'"}});
  }
  return outcome;
}

std::optional<OutputSetId> output_set_named(Database& database, const std::string& text) {
  if (const auto path = StorePath::try_parse(text)) {
    const auto derivation = Derivations(database).find(*path);
    return derivation ? derivation->output_set : std::nullopt;
  }
  const auto bytes = base16_decode(text);
  Sha256 digest{};
  if (!bytes || bytes->size() != digest.size()) {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"outputSet", "specified 64 hexadecimal digits, or the file name of a derivation, got '" +
                          printable(text) + "'"}});
  }
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return OutputSetId(digest);
}

std::optional<std::int64_t> output_set_row(Database& database, const OutputSetId& set) {
  return find_integer(database, "SELECT id FROM output_sets WHERE digest = ?1",
                      BlobValue{set.bytes()});
}

}  // namespace grange
