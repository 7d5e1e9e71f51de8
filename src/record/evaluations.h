#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database/database.h"
#include "derivation/target_map_text.h"
#include "record/good.h"
#include "record/record.h"

namespace grange {

/// A row of evaluations with its map, still packed.
struct StoredEvaluation {
  std::int64_t id = 0;
  std::string selection;
  std::string line;
  TimePoint started{};
  TimePoint finished{};
  std::string map;       ///< compressed
  std::string metadata;  ///< compressed
};

/// With its whole map, or one label of it. Throws CorruptError for what is not what was stored.
EvaluationRecord unpack(StoredEvaluation stored,
                        std::optional<std::string_view> label = std::nullopt);

/// The tables of evaluations and their target maps. A map is one blob in its file format: writing a
/// run costs little more than compressing it, and nothing where it is the same as before.
class EvaluationTables {
 public:
  /// Keeps the last `kept` evaluations of each selection, and the last complete one.
  EvaluationTables(Database& database, GoodTables& good, std::uint64_t kept);

  /// One durable transaction. `text` is the evaluation's map, printed.
  std::int64_t add(const EvaluationRecord& evaluation, const TargetMapText& text);
  std::vector<std::int64_t> complete(const std::string& selection, std::size_t most);
  std::optional<StoredEvaluation> last_complete(const std::string& selection);
  std::optional<StoredEvaluation> find(std::int64_t id);
  std::uint64_t forget_before(TimePoint time, const std::string& selection,
                              const std::string& line);
  std::vector<std::string> selections();

 private:
  std::int64_t selection_id(const std::string& text);
  std::optional<std::int64_t> line_id(const std::string& text);
  std::optional<std::int64_t> find_map(const Sha256& digest);
  std::optional<std::int64_t> last_map(std::int64_t selection);
  void prune(std::int64_t selection);
  void remove(const std::vector<std::int64_t>& evaluations);

  Database& database_;
  GoodTables& good_;
  std::uint64_t kept_;
};

}  // namespace grange
