#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "database/database.h"
#include "derivation/output_set.h"
#include "record/evaluation_history.h"

namespace grange {

/// What looks for targets by their labels. Those that begin with the text are found by an index;
/// those that merely contain it only as far as `rows` reach, which each call uses up.
class LabelSearch {
 public:
  LabelSearch(Database& database, std::string text, std::size_t rows)
      : database_(database), text_(std::move(text)), rows_(rows) {}

  /// Of a complete evaluation, at most `limit` each.
  std::vector<TargetRow> beginning(const EvaluationRow& evaluation, std::size_t limit);
  std::vector<TargetRow> containing(const EvaluationRow& evaluation, std::size_t limit);
  /// Has everything been looked at so far?
  bool is_whole() const { return is_whole_; }

 private:
  Database& database_;
  const std::string text_;
  std::size_t rows_;
  bool is_whole_ = true;
};

/// An input of an evaluation that was this revision.
struct EvaluatedRevision {
  std::int64_t evaluation = 0;
  std::int64_t jobset = 0;
  std::string input;
  std::string uri;
  std::string branch;
  std::string revision;
};
/// By the first digits of a revision, the newest evaluations first of each.
std::vector<EvaluatedRevision> evaluated_revisions(Database& database, std::string_view digits,
                                                   std::size_t limit);

/// Of an even number of first digits of their ids (base 16).
std::vector<OutputSetId> output_sets_beginning(Database& database, ByteView bytes,
                                               std::size_t limit);

}  // namespace grange
