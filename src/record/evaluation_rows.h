#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "record/evaluation_history.h"

namespace grange {

// What the files of EvaluationHistory share.

/// 32 bytes. Throws CorruptError.
Sha256 sha256_column(ByteView bytes);

/// SELECT … FROM evaluations e, for the next two.
extern const std::string_view kEvaluationColumns;
EvaluationRow read_evaluation(const Statement& statement);
std::vector<EvaluationRow> read_evaluations(Statement& statement);

/// By the numbers of rows of derivations and output sets (0: none).
Verdict verdict_of(std::int64_t derivation, std::int64_t output_set, bool unverified,
                   std::int64_t base_derivation, std::int64_t base_output_set,
                   bool base_unverified);

}  // namespace grange
