#include "record/unchanged_targets.h"

#include <algorithm>
#include <iterator>

#include "base/compression.h"
#include "base/error.h"
#include "record/derivation_text.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::uint64_t kMostTextBytes = std::uint64_t{1} << 30;
constexpr std::size_t kReadTogether = 5000;

}  // namespace

std::string pack_texts(std::span<const std::string> texts) {
  std::string all;
  for (const auto& text : texts) {
    put_number(all, text.size());
    all += text;
  }
  return compress(Compression::zstd, all);
}

std::vector<std::string> unpack_texts(std::string_view packed) {
  const auto all = decompress(Compression::zstd, packed, kMostTextBytes);
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < all.size();) {
    const auto length = take_number(all, at);
    if (length > all.size() - at) throw CorruptError("a recorded list of texts is truncated");
    texts.push_back(all.substr(at, length));
    at += length;
  }
  return texts;
}

void UnchangedTargets::add(std::int64_t evaluation, std::span<const std::string> labels) {
  if (labels.empty()) return;
  const auto packed = pack_texts(labels);
  run(database_,
      "INSERT INTO unchanged_targets (evaluation, number, labels) SELECT ?1, "
      "coalesce(max(number), 0) + 1, ?2 FROM unchanged_targets WHERE evaluation = ?1",
      evaluation, BlobValue{{reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size()}});
}

std::vector<std::string> UnchangedTargets::labels(std::int64_t evaluation) {
  auto statement = database_.prepare("SELECT labels FROM unchanged_targets WHERE evaluation = ?1");
  statement.bind(1, evaluation);
  std::vector<std::string> labels;
  while (statement.step()) {
    const auto bytes = statement.blob(0);
    auto some = unpack_texts({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    std::move(some.begin(), some.end(), std::back_inserter(labels));
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

std::vector<TargetRow> UnchangedTargets::rows(const EvaluationRow& evaluation) {
  const auto labels = this->labels(evaluation.id);
  auto find = database_.prepare(
      "SELECT t.label, t.derivation, t.facts, t.build FROM targets t "
      "JOIN jobsets j ON j.id = t.jobset AND j.epoch = t.epoch "
      "WHERE t.jobset = ?2 AND t.last IS NULL AND t.label " +
      database_.one_of(1, Database::ListOf::texts));
  std::vector<TargetRow> rows;
  const std::span<const std::string> all(labels);
  for (std::size_t begin = 0; begin < all.size(); begin += kReadTogether) {
    find.bind_texts(1, all.subspan(begin, std::min(kReadTogether, all.size() - begin)));
    find.bind(2, evaluation.jobset);
    while (find.step()) {
      RowReader row(find);
      auto& target = rows.emplace_back();
      target.label = row.text();
      target.derivation = row.integer();
      target.facts = row.integer();
      target.build = row.integer();
    }
    find.reset();
  }
  return rows;
}

void UnchangedTargets::forget(std::int64_t evaluation) {
  run(database_, "DELETE FROM unchanged_targets WHERE evaluation = ?1", evaluation);
}

}  // namespace grange
