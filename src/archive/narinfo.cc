#include "archive/narinfo.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

struct CompressionName {
  NarCompression compression;
  std::string_view name;
  std::string_view suffix;
};
constexpr std::array<CompressionName, 5> kCompressions = {{{NarCompression::none, "none", ""},
                                                           {NarCompression::bzip2, "bzip2", ".bz2"},
                                                           {NarCompression::xz, "xz", ".xz"},
                                                           {NarCompression::zstd, "zstd", ".zst"},
                                                           {NarCompression::brotli, "br", ".br"}}};

const CompressionName& name_of(NarCompression compression) noexcept {
  return kCompressions.at(static_cast<std::size_t>(compression));
}

std::uint64_t parse_size(std::string_view value) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw InvalidError("'" + printable(value) + "' is no size");
  }
  return size;
}

/// Gathers the lines of one narinfo.
class NarInfoLines {
 public:
  explicit NarInfoLines(const StoreDir& store) : store_(store) {}

  void add(std::string_view key, std::string_view value) {
    if (key == "StorePath") {
      once(path_, key) = store_.parse_path(value);
    } else if (key == "URL") {
      if (value.empty()) throw InvalidError("it is empty");
      once(url_, key) = std::string(value);
    } else if (key == "Compression") {
      const auto known = parse_nar_compression(value);
      if (!known) throw InvalidError("'" + printable(value) + "' is not known here");
      once(compression_, key) = *known;
    } else if (key == "FileHash") {
      once(file_hash_, key) = Hash::parse(value);
    } else if (key == "FileSize") {
      once(file_size_, key) = parse_size(value);
    } else if (key == "NarHash") {
      once(nar_hash_, key) = Hash::parse(value);
    } else if (key == "NarSize") {
      once(nar_size_, key) = parse_size(value);
    } else if (key == "References") {
      auto& references = once(references_, key) = std::set<StorePath>();
      for (const auto name : split_words(value)) references->insert(StorePath::parse(name));
    } else if (key == "Deriver") {
      auto& deriver = once(deriver_, key) = std::optional<StorePath>();
      if (value != "unknown-deriver" && !value.empty()) *deriver = StorePath::parse(value);
    } else if (key == "Sig") {
      signatures_.emplace_back(value);
    } else if (key == "CA") {
      auto& address = once(content_address_, key) = std::optional<ContentAddress>();
      if (!value.empty()) *address = ContentAddress::parse(value);
    }
  }

  NarInfo finish() {
    const auto nar_hash = need(nar_hash_, "NarHash");
    if (nar_hash.algorithm() != HashAlgorithm::sha256) throw InvalidError("NarHash is no SHA-256");
    PathInfo info(need(path_, "StorePath"), nar_hash);
    info.nar_size = need(nar_size_, "NarSize");
    if (info.nar_size == 0) throw InvalidError("NarSize is 0");
    if (references_) info.references = std::move(*references_);
    if (deriver_) info.deriver = std::move(*deriver_);
    if (content_address_) info.content_address = *content_address_;
    info.signatures = std::move(signatures_);
    // What is not named was packed with bzip2 in the oldest caches, and Nix still reads it so.
    return {std::move(info), need(url_, "URL"), compression_.value_or(NarCompression::bzip2),
            file_hash_, file_size_};
  }

 private:
  template <typename T>
  static std::optional<T>& once(std::optional<T>& slot, std::string_view key) {
    if (slot) throw InvalidError("there are two lines '" + std::string(key) + "'");
    return slot;
  }
  template <typename T>
  static T need(const std::optional<T>& slot, std::string_view key) {
    if (!slot) throw InvalidError("there is no line '" + std::string(key) + "'");
    return *slot;
  }

  const StoreDir& store_;
  std::optional<StorePath> path_;
  std::optional<std::string> url_;
  std::optional<NarCompression> compression_;
  std::optional<Hash> file_hash_, nar_hash_;
  std::optional<std::uint64_t> file_size_, nar_size_;
  std::optional<std::set<StorePath>> references_;
  std::optional<std::optional<StorePath>> deriver_;
  std::optional<std::optional<ContentAddress>> content_address_;
  std::vector<std::string> signatures_;
};

NarInfo parse_lines(const StoreDir& store, std::string_view text) {
  NarInfoLines lines(store);
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    if (end == text.npos) throw InvalidError("the last line has no end");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto colon = line.find(':');
    if (colon == line.npos) {
      throw InvalidError("line " + std::to_string(number) + " has no ':'");
    }
    const auto key = line.substr(0, colon);
    const auto value = line.substr(std::min(colon + 2, line.size()));
    with_context([&] { return "in line " + std::to_string(number) + " (" + printable(key) + ")"; },
                 [&] { lines.add(key, value); });
  }
  return lines.finish();
}

}  // namespace

std::string_view to_string(NarCompression compression) noexcept {
  return name_of(compression).name;
}

std::optional<NarCompression> parse_nar_compression(std::string_view text) noexcept {
  for (const auto& known : kCompressions) {
    if (known.name == text) return known.compression;
  }
  if (text.empty()) return NarCompression::none;
  return std::nullopt;
}

std::string_view file_suffix(NarCompression compression) noexcept {
  return name_of(compression).suffix;
}

NarInfo parse_narinfo(const StoreDir& store, std::string_view text) {
  if (text.size() > kMaxNarInfoSize) {
    throw CorruptError("the narinfo is larger than " + format_bytes(kMaxNarInfoSize));
  }
  try {
    return parse_lines(store, text);
  } catch (const InvalidError& error) {
    throw CorruptError(std::string("the narinfo is broken: ") + error.what());
  }
}

std::string print_narinfo(const StoreDir& store, const NarInfo& narinfo) {
  const auto& info = narinfo.info;
  std::string text;
  const auto add = [&](std::string_view key, std::string_view value) {
    text.append(key).append(": ").append(value).append("\n");
  };
  add("StorePath", store.print(info.path));
  add("URL", narinfo.url);
  add("Compression", to_string(narinfo.compression));
  if (narinfo.file_hash) add("FileHash", narinfo.file_hash->to_string(HashFormat::nix32));
  if (narinfo.file_size) add("FileSize", std::to_string(*narinfo.file_size));
  add("NarHash", info.nar_hash.to_string(HashFormat::nix32));
  add("NarSize", std::to_string(info.nar_size));
  std::string references;
  for (const auto& reference : info.references) {
    references += (references.empty() ? "" : " ") + reference.base_name();
  }
  add("References", references);
  if (info.deriver) add("Deriver", info.deriver->base_name());
  for (const auto& signature : info.signatures) add("Sig", signature);
  if (info.content_address) add("CA", info.content_address->to_string());
  return text;
}

}  // namespace grange
