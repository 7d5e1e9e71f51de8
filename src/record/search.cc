#include "record/search.h"

#include <algorithm>

#include "record/evaluation_rows.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kLabels =
    "SELECT label, derivation, facts, build FROM targets WHERE jobset = ?1 AND epoch = ?2 "
    "AND label >= ?4 AND label < ?5 AND first <= ?3 AND (last IS NULL OR last >= ?3) "
    "ORDER BY label LIMIT ?6";
/// Behind all labels.
constexpr std::string_view kLastLabel = "\xF4\x8F\xBF\xBF";

TargetRow read_label(const Statement& statement) {
  RowReader row(statement);
  TargetRow target;
  target.label = row.text();
  target.derivation = row.integer();
  target.facts = row.integer();
  target.build = row.integer();
  return target;
}

}  // namespace

std::vector<TargetRow> LabelSearch::beginning(const EvaluationRow& evaluation, std::size_t limit) {
  auto statement = database_.prepare(kLabels);
  bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position, text_,
           text_ + std::string(kLastLabel), limit);
  std::vector<TargetRow> found;
  while (statement.step()) found.push_back(read_label(statement));
  return found;
}

std::vector<TargetRow> LabelSearch::containing(const EvaluationRow& evaluation, std::size_t limit) {
  if (rows_ == 0 || limit == 0) {
    is_whole_ = is_whole_ && rows_ != 0;
    return {};
  }
  // The database looks: what it passes over need not come here.
  auto statement =
      database_.prepare("SELECT label, derivation, facts, build FROM (" + std::string(kLabels) +
                        ") l WHERE replace(label, ?7, '') <> label ORDER BY label");
  bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position, "", kLastLabel,
           rows_, text_);
  std::vector<TargetRow> found;
  while (found.size() < limit && statement.step()) {
    if (!statement.text(0).starts_with(text_)) found.push_back(read_label(statement));
  }
  const auto targets = static_cast<std::size_t>(std::max<std::int64_t>(evaluation.targets, 0));
  if (targets > rows_) is_whole_ = false;
  rows_ -= std::min(rows_, targets);
  return found;
}

std::vector<EvaluatedRevision> evaluated_revisions(Database& database, std::string_view digits,
                                                   std::size_t limit) {
  // "g" comes behind all digits.
  auto statement = database.prepare(
      "SELECT i.evaluation, e.jobset, i.name, i.uri, i.branch, i.revision "
      "FROM evaluation_inputs i JOIN evaluations e ON e.id = i.evaluation WHERE i.revision <> '' "
      "AND i.revision >= ?1 AND i.revision < ?2 ORDER BY i.revision, i.evaluation DESC LIMIT ?3");
  bind_all(statement, digits, std::string(digits) + "g", limit);
  std::vector<EvaluatedRevision> found;
  while (statement.step()) {
    RowReader row(statement);
    EvaluatedRevision revision;
    revision.evaluation = row.integer();
    revision.jobset = row.integer();
    revision.input = row.text();
    revision.uri = row.text();
    revision.branch = row.text();
    revision.revision = row.text();
    found.push_back(std::move(revision));
  }
  return found;
}

std::vector<OutputSetId> output_sets_beginning(Database& database, ByteView bytes,
                                               std::size_t limit) {
  std::vector<std::uint8_t> last(bytes.begin(), bytes.end());
  last.resize(std::max<std::size_t>(last.size(), sizeof(Sha256)), 0xff);
  auto statement = database.prepare(
      "SELECT digest FROM output_sets WHERE digest >= ?1 AND digest <= ?2 ORDER BY digest LIMIT "
      "?3");
  bind_all(statement, BlobValue{bytes}, BlobValue{last}, limit);
  std::vector<OutputSetId> found;
  while (statement.step()) found.emplace_back(sha256_column(statement.blob(0)));
  return found;
}

}  // namespace grange
