#include "archive/nar_parser.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "archive/nar_format.h"
#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

/// The tokens of a NAR, from a source that must not be read beyond the archive's end: it is asked
/// for more than the next token only where the grammar promises that more must come.
class Tokens {
 public:
  explicit Tokens(Source& source) : source_(source) {}

  std::uint64_t offset() const { return offset_; }

  /// At least `size` bytes of the archive are still to come (if it is well formed): gets them, or
  /// as many as fit, with few reads. The end of the source is no error yet.
  void promise(std::uint64_t size) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, kBuffer));
    if (end_ - begin_ >= wanted) return;
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    while (end_ < wanted) {
      const std::size_t count = source_.read(buffer_.get() + end_, wanted - end_);
      if (count == 0) return;
      end_ += count;
    }
  }

  /// Between 1 and `most` bytes; valid until the next call.
  std::string_view some(std::uint64_t most) {
    if (begin_ == end_) promise(most);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, end_ - begin_));
    if (count == 0) end_too_early();
    return take(count);
  }

  std::uint64_t number() { return read_nar_number(exactly(8).data()); }

  /// A string of at most `limit` bytes; valid until the next call. `what` is for messages.
  std::string_view string(std::size_t limit, std::string_view what) {
    const std::uint64_t at = offset_;
    const std::uint64_t size = number();
    if (size > limit) {
      fail(at, std::string(what) + " has " + std::to_string(size) + " bytes; the limit is " +
                   std::to_string(limit));
    }
    const auto length = static_cast<std::size_t>(size);
    const auto text = exactly(length + nar_padding(size));
    check_padding(text.substr(length));
    return text.substr(0, length);
  }

  void padding(std::uint64_t size) { check_padding(exactly(nar_padding(size))); }

  void expect(std::string_view tag) {
    const std::uint64_t at = offset_;
    const auto got = string(kNarMaxTag, "a tag");
    if (got != tag) fail_tag(at, "'" + std::string(tag) + "'", got);
  }

  [[noreturn]] static void fail_tag(std::uint64_t at, const std::string& specified,
                                    std::string_view got) {
    fail(at, "specified " + specified + ", got '" + printable(got) + "'");
  }
  [[noreturn]] static void fail(std::uint64_t at, const std::string& problem) {
    throw CorruptError("bad NAR at offset " + std::to_string(at) + ": " + problem);
  }

 private:
  static constexpr std::size_t kBuffer = std::size_t{256} << 10;

  std::string_view take(std::size_t count) {
    const std::string_view bytes(buffer_.get() + begin_, count);
    begin_ += count;
    offset_ += count;
    return bytes;
  }
  std::string_view exactly(std::size_t size) {
    GRANGE_CHECK(size <= kBuffer);
    promise(size);
    if (end_ - begin_ < size) end_too_early();
    return take(size);
  }
  void check_padding(std::string_view bytes) const {
    if (bytes.find_first_not_of('\0') != std::string_view::npos) {
      fail(offset_ - bytes.size(), "the padding is not zero");
    }
  }
  [[noreturn]] void end_too_early() const {
    fail(offset_ + (end_ - begin_), "the input ends within the archive");
  }

  Source& source_;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kBuffer);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
};

/// The encoded size of a short tag: its length and up to 8 bytes.
constexpr std::uint64_t kTag = 16;

class Parser {
 public:
  Parser(Source& source, NarVisitor& visitor) : tokens_(source), visitor_(visitor) {}

  void parse() {
    tokens_.promise(8 + kTag + 3 * kTag);
    const auto magic = tokens_.string(kNarMaxTag, "the magic");
    if (magic != kNarMagic) Tokens::fail_tag(0, "'" + std::string(kNarMagic) + "'", magic);
    node({}, 0);
  }

 private:
  void node(std::string_view name, std::size_t depth) {
    if (depth >= kNarMaxDepth) {
      Tokens::fail(tokens_.offset(),
                   "nodes lie deeper than " + std::to_string(kNarMaxDepth) + " levels");
    }
    tokens_.promise(closing(depth) + 3 * kTag);
    tokens_.expect("(");
    tokens_.expect("type");
    const std::uint64_t at = tokens_.offset();
    const auto type = tokens_.string(kNarMaxTag, "a tag");
    if (type == "regular") {
      file(name, depth);
    } else if (type == "symlink") {
      symlink(name, depth);
    } else if (type == "directory") {
      directory(name, depth);
    } else {
      Tokens::fail_tag(at, "a type of node", type);
    }
  }

  /// How many bytes at least end the node at `depth` and everything around it.
  static std::uint64_t closing(std::size_t depth) { return kTag + 2 * kTag * depth; }

  void file(std::string_view name, std::size_t depth) {
    tokens_.promise(closing(depth) + kTag + 8);
    const std::uint64_t at = tokens_.offset();
    const auto tag = tokens_.string(kNarMaxTag, "a tag");
    const bool executable = tag == "executable";
    if (executable) {
      tokens_.promise(closing(depth) + 8 + kTag + 8);
      tokens_.expect("");
      tokens_.expect("contents");
    } else if (tag != "contents") {
      Tokens::fail_tag(at, "'executable' or 'contents'", tag);
    }
    const std::uint64_t size = tokens_.number();
    visitor_.file_begin(name, executable, size);
    for (std::uint64_t left = size; left > 0;) {
      // In one read with what must follow, where that fits.
      if (left <= kSmall) tokens_.promise(left + nar_padding(size) + closing(depth));
      const auto data = tokens_.some(left);
      visitor_.file_data(data);
      left -= data.size();
    }
    tokens_.padding(size);
    visitor_.file_end();
    tokens_.expect(")");
  }

  void symlink(std::string_view name, std::size_t depth) {
    tokens_.promise(closing(depth) + kTag + 8 + 8);
    tokens_.expect("target");
    const std::uint64_t at = tokens_.offset();
    const auto target = tokens_.string(kNarMaxTarget, "a symlink target");
    if (!is_nar_target(target)) Tokens::fail(at, "invalid symlink target");
    visitor_.symlink(name, target);
    tokens_.expect(")");
  }

  void directory(std::string_view name, std::size_t depth) {
    visitor_.directory_begin(name);
    std::string previous;
    for (;;) {
      tokens_.promise(closing(depth));
      std::uint64_t at = tokens_.offset();
      const auto tag = tokens_.string(kNarMaxTag, "a tag");
      if (tag == ")") break;
      if (tag != "entry") Tokens::fail_tag(at, "'entry' or ')'", tag);
      tokens_.promise(closing(depth + 1) + 4 * kTag);
      tokens_.expect("(");
      tokens_.expect("name");
      at = tokens_.offset();
      std::string own(tokens_.string(kNarMaxName, "a file name"));
      if (!is_nar_name(own)) Tokens::fail(at, "invalid file name '" + printable(own) + "'");
      if (own <= previous) {
        Tokens::fail(at, "file name '" + printable(own) + "' does not sort after '" +
                             printable(previous) + "'");
      }
      tokens_.expect("node");
      node(own, depth + 1);
      tokens_.expect(")");
      previous = std::move(own);
    }
    visitor_.directory_end();
  }

  static constexpr std::uint64_t kSmall = std::uint64_t{128} << 10;
  Tokens tokens_;
  NarVisitor& visitor_;
};

}  // namespace

void parse_nar(Source& source, NarVisitor& visitor) {
  Parser(source, visitor).parse();
}

}  // namespace grange
