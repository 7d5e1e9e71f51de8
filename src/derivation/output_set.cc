#include "derivation/output_set.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"

namespace grange {
namespace {

void append_promise(std::string& text, const StoreDir& store, const PromisedOutput& output) {
  text.append(output.name);
  switch (output.kind) {
    case DerivationKind::input_addressed:
      GRANGE_CHECK(output.path != nullptr);
      text.append(" path ").append(store.print(*output.path));
      break;
    case DerivationKind::fixed:
      GRANGE_CHECK(output.path != nullptr && output.address != nullptr);
      text.append(" fixed ").append(to_string(output.address->method)).append(1, ':');
      text.append(output.address->hash.to_string(HashFormat::base16)).append(1, ' ');
      text.append(store.print(*output.path));
      break;
    case DerivationKind::floating:
    case DerivationKind::deferred:
      GRANGE_CHECK(output.hash_modulo != nullptr);
      text.append(" id sha256:").append(base16_encode(*output.hash_modulo));
      break;
    case DerivationKind::impure:
      GRANGE_CHECK(false);
  }
  text.append(1, '\n');
}

}  // namespace

OutputSetId OutputSetId::parse(std::string_view hex) {
  const auto bytes = base16_decode(hex);
  if (!bytes || bytes->size() != sizeof(Sha256)) {
    throw InvalidError("output set '" + std::string(hex) + "' is not 64 hex digits");
  }
  Sha256 digest{};
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return OutputSetId(digest);
}

OutputSetId compute_output_set_id(const StoreDir& store, std::span<const PromisedOutput> outputs) {
  std::string text = "grange-output-set-1\n";
  text.append(store.str()).append(1, '\n');
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    GRANGE_CHECK(i == 0 || outputs[i - 1].name < outputs[i].name);
    append_promise(text, store, outputs[i]);
  }
  return OutputSetId(sha256(text));
}

}  // namespace grange
