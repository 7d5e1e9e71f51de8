#include "record/column_values.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

std::optional<std::int64_t> find_id_of_text(Statement& find, std::string_view text) {
  find.reset();
  std::optional<std::int64_t> id;
  if (find.bind(1, text).step()) id = find.integer(0);
  find.reset();
  return id;
}

/// How many bytes the character there has; 0 where it is none.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

OutputSetId output_set_of_column(ByteView bytes) {
  Sha256 digest;
  if (bytes.size() != digest.size()) {
    throw CorruptError("an output set has an id of " + std::to_string(bytes.size()) + " bytes");
  }
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return OutputSetId(digest);
}

std::string text_to_column(std::string_view text) {
  constexpr char kNul = '\0';
  if (is_utf8(text) && text.find(kNul) == std::string_view::npos) return std::string(text);
  std::string clean;
  while (!text.empty()) {
    const auto size = text.front() == kNul ? 0 : character_size(text);
    clean += size == 0 ? "?" : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return clean;
}

std::int64_t returned_id(Statement& insert) {
  if (!insert.step()) throw CorruptError("a row that was added has no id");
  const auto id = insert.integer(0);
  insert.reset();
  return id;
}

std::int64_t id_of_text(Statement& add, Statement& find, std::string_view text) {
  if (const auto id = find_id_of_text(find, text)) return *id;
  add.bind(1, text).run();
  if (const auto id = find_id_of_text(find, text)) return *id;
  throw CorruptError("a row vanished while it was being used");
}

}  // namespace grange
