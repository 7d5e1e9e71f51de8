#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "database/database.h"
#include "record/evaluation_history.h"

namespace grange {

/// The targets of evaluations that run which are, to the derivation, the facts and the build, those
/// of the jobset's last complete evaluation: their labels alone are recorded, many together. No
/// other evaluation of the jobset may be completed meanwhile.
class UnchangedTargets {
 public:
  explicit UnchangedTargets(Database& database) : database_(database) {}

  void add(std::int64_t evaluation, std::span<const std::string> labels);
  /// All of an evaluation, in order.
  std::vector<std::string> labels(std::int64_t evaluation);
  /// What they stand for.
  std::vector<TargetRow> rows(const EvaluationRow& evaluation);
  /// They are recorded otherwise from here on.
  void forget(std::int64_t evaluation);

 private:
  Database& database_;
};

/// Texts in one, compressed, and again. Throws CorruptError for what is no such list.
std::string pack_texts(std::span<const std::string> texts);
std::vector<std::string> unpack_texts(std::string_view packed);

}  // namespace grange
