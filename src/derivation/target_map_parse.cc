#include <utility>

#include <simdjson.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "derivation/target_map_label.h"
#include "derivation/target_map_text.h"

namespace grange {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

/// Further keys may hold anything, but not for ever.
constexpr std::size_t kMaxDepth = 64;

/// A value as T, or InvalidError naming the key.
template <typename T>
T as(element value, std::string_view key) {
  T result;
  if (value.get(result) != simdjson::SUCCESS) {
    throw InvalidError("key '" + std::string(key) + "' has a value of the wrong type");
  }
  return result;
}

std::string as_text_of(element value, std::string_view key) {
  return std::string(as<std::string_view>(value, key));
}

std::vector<std::string> as_texts(element value, std::string_view key) {
  const auto items = as<array>(value, key);
  std::vector<std::string> texts;
  texts.reserve(items.size());
  for (const element item : items) texts.push_back(as_text_of(item, key));
  return texts;
}

/// Notes that a key was there; the second time is refused, because which one counts would be a
/// matter of taste.
template <typename T, typename Value>
void set_once(std::optional<T>& slot, std::string_view key, Value&& value) {
  if (slot) throw InvalidError("key '" + std::string(key) + "' appears twice");
  slot.emplace(std::forward<Value>(value));
}

template <typename T>
T required(std::optional<T> slot, std::string_view key) {
  if (!slot) throw InvalidError("key '" + std::string(key) + "' is missing");
  return std::move(*slot);
}

void check_size(std::string_view text, std::string_view what) {
  if (text.size() <= kMaxTargetMapSize) return;
  throw InvalidError(std::string(what) + " is larger than " + format_bytes(kMaxTargetMapSize));
}

/// The whole text as one object. The parser owns what is returned.
object parse_object(simdjson::dom::parser& parser, std::string_view text, std::string_view what) {
  check_size(text, what);
  element root;
  auto problem = parser.allocate(text.size() + 64, kMaxDepth);
  if (problem == simdjson::SUCCESS) problem = parser.parse(text.data(), text.size()).get(root);
  if (problem == simdjson::MEMALLOC) throw std::bad_alloc();
  if (problem != simdjson::SUCCESS) {
    throw InvalidError(std::string(what) +
                       " is not a whole JSON document: " + simdjson::error_message(problem));
  }
  object result;
  if (root.get(result) != simdjson::SUCCESS) {
    throw InvalidError(std::string(what) + " is not a JSON object");
  }
  return result;
}

void check_label(std::string_view label) {
  if (label.size() > kMaxLabelLength) {
    throw InvalidError("a label is longer than " + std::to_string(kMaxLabelLength) + " bytes");
  }
}

/// Puts one value under its label; sorted documents, as we write them, cost no search.
template <typename Value>
void add(std::map<std::string, Value, std::less<>>& values, std::string_view label, Value value) {
  check_label(label);
  const auto before = values.size();
  values.emplace_hint(values.end(), label, std::move(value));
  if (values.size() == before) throw InvalidError("the label appears twice");
}

class MapReader {
 public:
  explicit MapReader(TargetMap& map) : map_(map) {}

  void read(object targets) {
    for (const auto [label, value] : targets) {
      with_context([&label = label] { return "in '" + std::string(label.substr(0, 256)) + "'"; },
                   [&, &label = label, &value = value] {
                     add(map_.targets, label, read_target(as<object>(value, label)));
                   });
    }
  }
  bool has_store_dir() const { return has_store_dir_; }

 private:
  Target read_target(object fields) {
    std::optional<std::vector<std::string>> attr_path, outputs;
    std::optional<StorePath> derivation;
    std::optional<std::string> name, system;
    std::optional<OutputSetId> output_set;
    std::optional<Outcome> outcome;
    for (const auto [key, value] : fields) {
      if (key == "attrPath") {
        set_once(attr_path, key, as_texts(value, key));
      } else if (key == "drvPath") {
        set_once(derivation, key, read_derivation(as<std::string_view>(value, key)));
      } else if (key == "name") {
        set_once(name, key, as_text_of(value, key));
      } else if (key == "system") {
        set_once(system, key, as_text_of(value, key));
      } else if (key == "outputs") {
        set_once(outputs, key, as_texts(value, key));
      } else if (key == "outputSet") {
        set_once(output_set, key, OutputSetId::parse(as<std::string_view>(value, key)));
      } else if (key == "outcome") {
        // One that a later version knows is not known to be good: unknown is the safe reading.
        set_once(outcome, key,
                 parse_outcome(as<std::string_view>(value, key)).value_or(Outcome::unknown));
      }
    }
    return {required(std::move(attr_path), "attrPath"),
            required(std::move(derivation), "drvPath"),
            std::move(name).value_or(std::string()),
            std::move(system).value_or(std::string()),
            std::move(outputs).value_or(std::vector<std::string>()),
            output_set,
            outcome.value_or(Outcome::unknown)};
  }

  /// The first derivation says which store directory the map is for.
  StorePath read_derivation(std::string_view path) {
    if (!has_store_dir_) {
      const auto slash = path.rfind('/');
      if (slash == std::string_view::npos) {
        throw InvalidError("'" + std::string(path) + "' is not a store path");
      }
      map_.store_dir = StoreDir::parse(path.substr(0, slash));
      has_store_dir_ = true;
    }
    auto derivation = map_.store_dir.parse_path(path);
    if (!derivation.is_derivation()) {
      throw InvalidError("'" + std::string(path) + "' is not the path of a derivation");
    }
    return derivation;
  }

  TargetMap& map_;
  bool has_store_dir_ = false;
};

struct Metadata {
  std::uint64_t targets = 0;
  std::uint64_t errors = 0;
  Hash digest{HashAlgorithm::sha256};
  StoreDir store_dir = StoreDir::nix();
};

void read_errors(TargetMap& map, object errors) {
  for (const auto [label, value] : errors) {
    with_context([&label = label] { return "in '" + std::string(label.substr(0, 256)) + "'"; },
                 [&, &label = label, &value = value] {
                   const auto fields = as<object>(value, label);
                   std::optional<std::vector<std::string>> attr_path;
                   std::optional<std::string> error;
                   for (const auto [key, field] : fields) {
                     if (key == "attrPath") set_once(attr_path, key, as_texts(field, key));
                     if (key == "error") set_once(error, key, as_text_of(field, key));
                   }
                   add(map.errors, label,
                       TargetError{required(std::move(attr_path), "attrPath"),
                                   required(std::move(error), "error")});
                 });
  }
}

void check_format(std::string_view format) {
  if (format != "grange-target-map-1") {
    throw InvalidError(
        "the format is not one that this version reads: specified 'grange-target-map-1'"
        ", got '" +
        printable(format) + "'");
  }
}

/// What the metadata says goes into `map`, except what is only there to be checked.
Metadata read_metadata(TargetMap& map, object document) {
  std::optional<std::string> format, commit, store_dir;
  std::optional<bool> complete;
  std::optional<std::uint64_t> targets, errors;
  std::optional<Hash> digest;
  std::optional<object> failed;
  for (const auto [key, value] : document) {
    if (key == "format") set_once(format, key, as_text_of(value, key));
    if (key == "commit") set_once(commit, key, as_text_of(value, key));
    if (key == "storeDir") set_once(store_dir, key, as_text_of(value, key));
    if (key == "complete") set_once(complete, key, as<bool>(value, key));
    if (key == "digest") set_once(digest, key, Hash::parse(as<std::string_view>(value, key)));
    if (key == "errors") set_once(failed, key, as<object>(value, key));
    if (key != "counts") continue;
    for (const auto [counted, number] : as<object>(value, key)) {
      if (counted == "targets") set_once(targets, counted, as<std::uint64_t>(number, counted));
      if (counted == "errors") set_once(errors, counted, as<std::uint64_t>(number, counted));
    }
  }
  check_format(required(std::move(format), "format"));
  map.complete = required(complete, "complete");
  map.commit = std::move(commit).value_or(std::string());
  read_errors(map, required(failed, "errors"));
  return {required(targets, "counts.targets"), required(errors, "counts.errors"),
          required(digest, "digest"), StoreDir::parse(required(std::move(store_dir), "storeDir"))};
}

void check_count(std::string_view what, std::uint64_t specified, std::size_t got) {
  if (specified == got) return;
  throw CorruptError("the number of " + std::string(what) + " is not what the metadata says: " +
                     "specified " + std::to_string(specified) + ", got " + std::to_string(got));
}

void check_store_dir(const StoreDir& specified, const StoreDir& got) {
  if (specified == got) return;
  throw CorruptError("the store directory is not what the metadata says: specified '" +
                     specified.str() + "', got '" + got.str() + "'");
}

Metadata parse_metadata(TargetMap& map, std::string_view text) {
  return with_context([] { return "while reading the map's metadata"; },
                      [&] {
                        simdjson::dom::parser parser;
                        return read_metadata(
                            map, parse_object(parser, text, "the metadata of a target map"));
                      });
}

void check_digest(const Metadata& specified, const Hash& got) {
  if (got == specified.digest) return;
  throw CorruptError(
      "the map is not the one that its metadata was written for (a write was interrupted, or "
      "it was edited): specified " +
      specified.digest.to_string(HashFormat::base16) + ", got " +
      got.to_string(HashFormat::base16) +
      "; write it again, or remove the metadata to read the map alone");
}

/// Makes the targets of `text` and checks the whole; `labels`: how many the whole has, when `text`
/// is only one of it.
void read_targets(TargetMap& map, std::string_view text, const std::optional<Metadata>& specified,
                  std::optional<std::uint64_t> labels) {
  simdjson::dom::parser parser;
  MapReader reader(map);
  reader.read(parse_object(parser, text, "the target map"));
  if (specified) {
    check_count("targets", specified->targets, labels.value_or(map.targets.size()));
    check_count("errors", specified->errors, map.errors.size());
    if (reader.has_store_dir()) check_store_dir(specified->store_dir, map.store_dir);
    map.store_dir = specified->store_dir;
  }
  for (const auto& [label, error] : map.errors) {
    if (map.targets.contains(label)) {
      throw CorruptError("label '" + label + "' is both a target and an error");
    }
  }
}

}  // namespace

TargetMap parse_target_map(std::string_view map_text, std::optional<std::string_view> metadata,
                           std::optional<std::string_view> label) {
  TargetMap map;
  check_size(map_text, "the target map");
  std::optional<Metadata> specified;
  if (metadata) {
    specified = parse_metadata(map, *metadata);
    // Before anything is made of the map: of a mixed-up pair nothing else is worth saying.
    check_digest(*specified, hash_bytes(specified->digest.algorithm(), map_text));
  }
  if (label) {
    const auto found = find_label(map_text, *label);
    read_targets(map, found.map, specified, found.labels);
  } else {
    read_targets(map, map_text, specified, std::nullopt);
  }
  return map;
}

TargetMap read_printed_target(Source& map_text, std::string_view metadata, std::string_view label) {
  TargetMap map;
  const auto specified = parse_metadata(map, metadata);
  HashSink hasher(specified.digest.algorithm());
  const auto found = find_printed_label(map_text, label, hasher);
  check_digest(specified, hasher.finish());
  read_targets(map, found.map, specified, found.labels);
  return map;
}

}  // namespace grange
