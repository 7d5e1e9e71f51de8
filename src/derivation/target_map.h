#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "derivation/build_result.h"
#include "derivation/output_set.h"
#include "derivation/store_path.h"

namespace grange {

/// One label of an evaluation and the derivation that it stood for.
struct Target {
  std::vector<std::string> attr_path;
  StorePath derivation;
  std::string name;                  ///< may be empty in a bare map
  std::string system;                ///< may be empty in a bare map
  std::vector<std::string> outputs;  ///< names; may be empty in a bare map
  std::optional<OutputSetId> output_set;
  Outcome outcome = Outcome::unknown;
};

/// A label whose evaluation failed.
struct TargetError {
  std::vector<std::string> attr_path;
  std::string error;
};

/// All targets of one evaluation. `complete` is only true when the evaluation said so itself.
struct TargetMap {
  StoreDir store_dir = StoreDir::nix();
  std::map<std::string, Target, std::less<>> targets;      ///< by label
  std::map<std::string, TargetError, std::less<>> errors;  ///< by label
  bool complete = false;
  std::string commit;  ///< of the source, where known
};

/// The label of an attribute path: parts joined by '.', a part with a '.', '"' or nothing in it
/// quoted as in Nix.
std::string make_label(const std::vector<std::string>& attr_path);

}  // namespace grange
