#pragma once

#include <string>

#include "compare/compare.h"
#include "compare/explanation.h"
#include "derivation/target_map.h"

namespace grange {

/// A comparison and what it is of. Refers to what it is made from.
struct CompareReport {
  const TargetMap& base;
  const TargetMap& head;
  const StoreDir& store_dir;
  const Comparison& comparison;
  const Explanation* explanation = nullptr;  ///< null: causes were not asked for
};

/// For people: totals, labels that changed, causes, and the recipes that were rewritten.
std::string compare_report_text(const CompareReport& report);
/// For programs: {"totals":{…},"targets":[…],"causes":[…],"rewritten":[…]}, a line per target
/// (docs/manual.md, "grange compare").
std::string compare_report_json(const CompareReport& report);

}  // namespace grange
