#include "archive/nar_listing.h"

#include <utility>

#include "archive/nar_format.h"
#include "base/text.h"
#include "derivation/json_string.h"

namespace grange {
namespace {

/// The bytes of a string in a NAR.
constexpr std::uint64_t nar_bytes(std::uint64_t size) {
  return 8 + size + nar_padding(size);
}

// What the grammar puts around a node (nix-store.md §2.1).
constexpr std::uint64_t kListedMagic = nar_bytes(kNarMagic.size());
constexpr std::uint64_t kParenthesis = nar_bytes(1);
constexpr std::uint64_t kType = nar_bytes(4);
constexpr std::uint64_t kDirectory = nar_bytes(9);
constexpr std::uint64_t kRegular = nar_bytes(7);
constexpr std::uint64_t kExecutable = nar_bytes(10) + nar_bytes(0);
constexpr std::uint64_t kContents = nar_bytes(8);
constexpr std::uint64_t kSymlink = nar_bytes(7) + nar_bytes(6);
constexpr std::uint64_t kEntry = nar_bytes(5) + kParenthesis + 2 * nar_bytes(4);

/// JSON has no other texts than UTF-8; a name that is none is shown as people would be.
void append_name(std::string& to, std::string_view name) {
  append_json_string(to, is_utf8(name) ? std::string(name) : printable(name));
}

}  // namespace

void NarListing::begin_node(std::string_view name) {
  if (depth_ == 0) {
    offset_ = kListedMagic;
  } else {
    if (!first_entry_) text_ += ',';
    first_entry_ = false;
    append_name(text_, name);
    text_ += ':';
    offset_ += kEntry + nar_bytes(name.size());
  }
  offset_ += kParenthesis + kType;
}

void NarListing::end_node(std::string_view text) {
  text_ += text;
  offset_ += kParenthesis;
  if (depth_ > 0) offset_ += kParenthesis;  // of the entry
}

void NarListing::directory_begin(std::string_view name) {
  begin_node(name);
  text_ += "{\"type\":\"directory\",\"entries\":{";
  offset_ += kDirectory;
  ++depth_;
  first_entry_ = true;
}

void NarListing::directory_end() {
  --depth_;
  first_entry_ = false;
  end_node("}}");
}

void NarListing::file_begin(std::string_view name, bool executable, std::uint64_t size) {
  begin_node(name);
  offset_ += kRegular + (executable ? kExecutable : 0) + kContents + 8;
  text_ += "{\"type\":\"regular\",\"size\":" + std::to_string(size);
  if (executable) text_ += ",\"executable\":true";
  text_ += ",\"narOffset\":" + std::to_string(offset_);
  file_size_ = size;
}

void NarListing::file_data(std::string_view) {}

void NarListing::file_end() {
  offset_ += file_size_ + nar_padding(file_size_);
  end_node("}");
}

void NarListing::symlink(std::string_view name, std::string_view target) {
  begin_node(name);
  offset_ += kSymlink + nar_bytes(target.size());
  text_ += "{\"type\":\"symlink\",\"target\":";
  append_name(text_, target);
  end_node("}");
}

std::string NarListing::take() {
  return "{\"version\":1,\"root\":" + std::exchange(text_, {}) + "}";
}

}  // namespace grange
