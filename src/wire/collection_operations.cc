#include "wire/collection_operations.h"

namespace grange {

AddPermRoot AddPermRoot::read(WireReader& in) {
  auto path = in.get<StorePath>();
  return {std::move(path), in.string()};
}

CollectedGarbage CollectedGarbage::read(WireReader& in) {
  CollectedGarbage collected;
  collected.paths = in.get<std::vector<std::string>>();
  collected.bytes_freed = in.number();
  in.number();  // obsolete
  return collected;
}

void CollectedGarbage::write(WireWriter& out) const {
  out.put(paths).number(bytes_freed).number(0);
}

CollectGarbage CollectGarbage::read(WireReader& in) {
  CollectGarbage request;
  request.action = static_cast<GarbageAction>(in.bounded(3, "what to do with garbage"));
  if (in.has(kFeatureDeadReferrers)) {
    request.whole_store = in.get<bool>();
    if (!request.whole_store) {
      request.paths = in.get<std::set<StorePath>>();
      request.delete_referrers = in.get<bool>();
    }
  } else {
    request.paths = in.get<std::set<StorePath>>();
    request.whole_store = request.action != GarbageAction::delete_specific;
  }
  request.ignore_liveness = in.get<bool>();
  request.max_freed = in.number();
  for (int obsolete = 0; obsolete < 3; ++obsolete) in.number();
  return request;
}

void CollectGarbage::write(WireWriter& out) const {
  out.number(static_cast<std::uint64_t>(action));
  if (out.has(kFeatureDeadReferrers)) {
    out.put(whole_store);
    if (!whole_store) out.put(paths).put(delete_referrers);
  } else {
    if (delete_referrers || whole_store != (action != GarbageAction::delete_specific)) {
      throw InvalidError("the peer lacks the feature '" + std::string(kFeatureDeadReferrers) + "'");
    }
    out.put(paths);
  }
  out.put(ignore_liveness).number(max_freed).number(0).number(0).number(0);
}

VerifyStore VerifyStore::read(WireReader& in) {
  VerifyStore request;
  request.check_contents = in.get<bool>();
  request.repair = in.get<bool>();
  return request;
}

}  // namespace grange
