#pragma once

#include <string>

#include "compare/compare.h"
#include "derivation/target_map.h"

namespace grange {

/// A comparison and what it is of. Refers to what it is made from.
struct CompareReport {
  const TargetMap& base;
  const TargetMap& head;
  const StoreDir& store_dir;
  const Comparison& comparison;
};

/// For people: totals, labels that changed, and the recipes that were rewritten.
std::string compare_report_text(const CompareReport& report);
/// For programs: {"totals":{…},"targets":[…],"rewritten":[…]}, a line per target (docs/manual.md,
/// "grange compare").
std::string compare_report_json(const CompareReport& report);

}  // namespace grange
