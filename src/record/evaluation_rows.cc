#include "record/evaluation_rows.h"

#include <algorithm>

#include "base/error.h"
#include "record/rows.h"

namespace grange {

const std::string_view kEvaluationColumns =
    "SELECT e.id, e.jobset, e.state, coalesce(e.position, 0), coalesce(e.epoch, 0), "
    "coalesce(e.base, 0), e.started, e.finished, e.fetch_seconds, e.problem, e.targets, e.errors, "
    "e.same, e.equivalent, e.changed, e.unverified, e.added, e.removed, e.queued, e.good, "
    "e.failed, e.inputs_digest, e.digest, e.output_size, e.closure_size FROM evaluations e ";

Sha256 sha256_column(ByteView bytes) {
  Sha256 digest{};
  if (bytes.size() != digest.size()) throw CorruptError("a recorded digest has not 32 bytes");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

EvaluationRow read_evaluation(const Statement& statement) {
  RowReader row(statement);
  EvaluationRow evaluation;
  evaluation.id = row.integer();
  evaluation.jobset = row.integer();
  const auto state = row.text();
  evaluation.state = state == "complete" ? EvaluationRow::State::complete
                     : state == "failed" ? EvaluationRow::State::failed
                                         : EvaluationRow::State::running;
  evaluation.position = row.integer();
  evaluation.epoch = row.integer();
  evaluation.base = row.integer();
  evaluation.started = row.time();
  evaluation.finished = row.optional_time();
  evaluation.fetch_seconds = row.real();
  evaluation.problem = row.text();
  evaluation.targets = row.integer();
  evaluation.errors = row.integer();
  auto& verdicts = evaluation.verdicts;
  verdicts.same = row.integer();
  verdicts.equivalent = row.integer();
  verdicts.changed = row.integer();
  verdicts.unverified = row.integer();
  verdicts.added = row.integer();
  verdicts.removed = row.integer();
  evaluation.queued = row.integer();
  evaluation.good = row.integer();
  evaluation.failed = row.integer();
  evaluation.inputs_digest = sha256_column(row.blob());
  if (const auto digest = row.blob(); !digest.empty()) evaluation.digest = sha256_column(digest);
  evaluation.output_size = row.optional_integer();
  evaluation.closure_size = row.optional_integer();
  return evaluation;
}

std::vector<EvaluationRow> read_evaluations(Statement& statement) {
  std::vector<EvaluationRow> evaluations;
  while (statement.step()) evaluations.push_back(read_evaluation(statement));
  return evaluations;
}

Verdict verdict_of(std::int64_t derivation, std::int64_t output_set, bool unverified,
                   std::int64_t base_derivation, std::int64_t base_output_set,
                   bool base_unverified) {
  if (derivation == base_derivation) return Verdict::same;
  if (output_set != 0 && output_set == base_output_set) return Verdict::equivalent;
  return unverified || base_unverified ? Verdict::changed_unverified : Verdict::changed;
}

std::string_view to_string(EvaluationRow::State state) noexcept {
  switch (state) {
    case EvaluationRow::State::running:
      return "running";
    case EvaluationRow::State::complete:
      return "complete";
    case EvaluationRow::State::failed:
      return "failed";
  }
  return "";
}
}  // namespace grange
