#include "store/trust.h"

#include "base/error.h"

namespace grange {
namespace {

[[noreturn]] void refuse(const std::string& what, bool is_signed, const std::string& from) {
  throw DeniedError(what + " from " + from +
                    (is_signed ? " is signed, but not by a trusted key" : " is not signed") +
                    "; trust a key of it with --trusted-public-key, or everything from there with "
                    "--no-check-sigs");
}

}  // namespace

void check_trusted(const StoreDir& store, const PathInfo& info, const Trust& trust,
                   const std::string& from) {
  if (!trust.required || is_content_addressed(store, info)) return;
  const std::set<std::string> signatures(info.signatures.begin(), info.signatures.end());
  if (info.nar_size > 0 && trust.keys.accepts(path_fingerprint(store, info), signatures)) return;
  refuse("path '" + store.print(info.path) + "'", !signatures.empty(), from);
}

void check_trusted(const Realisation& realisation, const Trust& trust, const std::string& from) {
  if (!trust.required) return;
  if (trust.keys.accepts(realisation.fingerprint(), realisation.signatures)) return;
  refuse("realisation '" + realisation.id.to_string() + "'", !realisation.signatures.empty(), from);
}

void check_trusted(const BuildTraceEntry& entry, const Trust& trust, const std::string& from) {
  if (!trust.required) return;
  if (trust.keys.accepts(entry.fingerprint(), entry.signatures)) return;
  refuse("what output '" + entry.key.output + "' of '" + entry.key.derivation.base_name() +
             "' came to",
         !entry.signatures.empty(), from);
}

}  // namespace grange
