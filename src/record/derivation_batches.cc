#include "record/derivation_batches.h"

#include <algorithm>

#include "base/error.h"
#include "record/derivation_text.h"
#include "record/rows.h"

namespace grange {
namespace {

/// A batch ends when it has so many texts, or so many bytes.
constexpr std::size_t kTextsTogether = 512;
constexpr std::size_t kBytesTogether = std::size_t{1} << 20;
constexpr std::uint64_t kLargestBatch = DerivationBatches::kLargestText + kBytesTogether;
/// The first addition of so many derivations gives the dictionary.
constexpr std::size_t kEnoughForDictionary = 100;
constexpr std::size_t kDictionarySize = std::size_t{96} << 10;
constexpr std::size_t kSampleSize = std::size_t{2} << 10;

std::string_view batch_bytes(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

BlobValue batch_value(std::string_view text) {
  return {{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}};
}

}  // namespace

/// The last one there is; where there is none, from the samples if they are enough.
void DerivationBatches::choose_dictionary(std::span<const std::string> samples) {
  auto last = database_.prepare("SELECT id, content FROM dictionaries ORDER BY id DESC LIMIT 1");
  if (last.step()) {
    if (dictionary_id_ != last.integer(0)) {
      dictionary_id_ = last.integer(0);
      dictionary_.emplace(batch_bytes(last.blob(1)));
    }
    return;
  }
  last.reset();
  if (samples.size() < kEnoughForDictionary) {
    dictionary_id_ = 0;
    dictionary_.emplace("");
    return;
  }
  std::string content;
  const auto step = std::max<std::size_t>(1, samples.size() / (kDictionarySize / kSampleSize));
  for (std::size_t i = 0; i < samples.size() && content.size() < kDictionarySize; i += step) {
    content += std::string_view(samples[i]).substr(0, kSampleSize);
  }
  dictionary_id_ =
      *find_integer(database_, "INSERT INTO dictionaries (content) VALUES (?1) RETURNING id",
                    batch_value(content));
  dictionary_.emplace(content);
}

void DerivationBatches::add(std::int64_t first, std::span<const std::string> briefs) {
  if (briefs.empty()) return;
  choose_dictionary(briefs);
  struct Row {
    std::int64_t first;
    std::string content;
  };
  std::vector<Row> rows;
  std::string batch;
  for (std::size_t begin = 0; begin < briefs.size();) {
    batch.clear();
    auto end = begin;
    for (; end < briefs.size() && end - begin < kTextsTogether && batch.size() < kBytesTogether;
         ++end) {
      put_number(batch, briefs[end].size());
      batch += briefs[end];
    }
    rows.push_back({first + static_cast<std::int64_t>(begin), dictionary_->compress(batch)});
    begin = end;
  }
  constexpr std::string_view kColumns[] = {"first", "dictionary", "content"};
  const auto bulk = database_.bulk_insert("derivation_texts", kColumns);
  for (const auto& row : rows) {
    bulk->bind(1, row.first);
    bulk->bind(2, dictionary_id_.value_or(0));
    bulk->bind_blob(3, batch_value(row.content).bytes);
    bulk->next();
  }
  bulk->finish();
}

std::optional<std::string_view> DerivationBatches::find(std::int64_t id) {
  const auto place = [&] { return static_cast<std::size_t>(id - first_); };
  if (id < first_ || place() >= briefs_.size()) read_batch(id);
  if (id < first_ || place() >= briefs_.size()) return std::nullopt;
  return briefs_[place()];
}

/// The one that would have it.
void DerivationBatches::read_batch(std::int64_t id) {
  briefs_.clear();
  auto statement = database_.prepare(
      "SELECT first, dictionary, content FROM derivation_texts WHERE first <= ?1 "
      "ORDER BY first DESC LIMIT 1");
  statement.bind(1, id);
  if (!statement.step()) return;
  first_ = statement.integer(0);
  const auto dictionary = statement.integer(1);
  const std::string packed(batch_bytes(statement.blob(2)));
  if (dictionary_id_ != dictionary) {
    dictionary_id_.reset();
    if (dictionary == 0) {
      dictionary_.emplace("");
    } else {
      auto asked = database_.prepare("SELECT content FROM dictionaries WHERE id = ?1");
      asked.bind(1, dictionary);
      if (!asked.step()) {
        throw CorruptError("dictionary " + std::to_string(dictionary) + " is not recorded");
      }
      dictionary_.emplace(batch_bytes(asked.blob(0)));
    }
    dictionary_id_ = dictionary;
  }
  batch_ = dictionary_->decompress(packed, kLargestBatch);
  const std::string_view batch(batch_);
  for (std::size_t at = 0; at < batch.size();) {
    const auto length = take_number(batch, at);
    if (length > batch.size() - at) {
      briefs_.clear();
      throw CorruptError("a batch of recorded derivations is truncated");
    }
    briefs_.push_back(batch.substr(at, length));
    at += length;
  }
}

}  // namespace grange
