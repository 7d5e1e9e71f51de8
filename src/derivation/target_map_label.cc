#include "derivation/target_map_label.h"

#include <vector>

#include <simdjson.h>

#include "base/error.h"
#include "derivation/json_string.h"

namespace grange {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kPiece = std::size_t{64} << 10;

/// The value, or InvalidError saying what is wrong with the text.
template <typename T>
T take(simdjson::simdjson_result<T> result) {
  T value;
  const auto problem = std::move(result).get(value);
  if (problem == simdjson::MEMALLOC) throw std::bad_alloc();
  if (problem != simdjson::SUCCESS) {
    throw InvalidError(std::string("the target map is not a whole JSON object: ") +
                       simdjson::error_message(problem));
  }
  return value;
}

}  // namespace

LabelOfMap find_label(std::string_view map, std::string_view label) {
  const simdjson::padded_string text(map);
  ondemand::parser parser;
  ondemand::document document = take(parser.iterate(text));
  ondemand::object targets = take(document.get_object());
  LabelOfMap found;
  for (auto next : targets) {
    ondemand::field target = take(std::move(next));
    ++found.labels;
    if (take(target.unescaped_key()) != label) continue;
    if (!found.map.empty()) {
      throw InvalidError("in '" + std::string(label) + "': the label appears twice");
    }
    ondemand::object fields = take(target.value().get_object());
    found.map = "{";
    append_json_string(found.map, label);
    found.map.append(":").append(take(fields.raw_json())).append("}");
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    throw InvalidError("something follows the target map's JSON object");
  }
  if (found.map.empty()) found.map = "{}";
  return found;
}

LabelOfMap find_printed_label(Source& map, std::string_view label, Sink& all) {
  std::string key;
  append_json_string(key, label);
  key += ':';
  LabelOfMap found{"{", 0};
  const auto look_at = [&](std::string_view line) {
    if (!line.starts_with('"')) return;
    ++found.labels;
    if (!line.starts_with(key)) return;
    found.map += line.substr(0, line.size() - (line.ends_with(',') ? 1 : 0));
  };
  std::vector<char> buffer(kPiece);
  std::string begun;  // a line that goes on in the next piece
  while (const auto count = map.read(buffer.data(), buffer.size())) {
    std::string_view piece(buffer.data(), count);
    all.write(piece);
    for (auto end = piece.find('\n'); end != piece.npos; end = piece.find('\n')) {
      if (begun.empty()) {
        look_at(piece.substr(0, end));
      } else {
        look_at(begun.append(piece.substr(0, end)));
        begun.clear();
      }
      piece.remove_prefix(end + 1);
    }
    begun.append(piece);
  }
  found.map += '}';
  return found;
}

}  // namespace grange
