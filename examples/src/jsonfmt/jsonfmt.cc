// Reads one JSON document from standard input and prints it indented, or with -c in one line. Numbers
// and strings stay as they were written.
#include <cctype>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

class Formatter {
 public:
  Formatter(const std::string& text, bool compact) : text_(text), compact_(compact) {}

  std::string format() {
    skip_spaces();
    value(0);
    if (at_ != text_.size()) fail("something follows the document");
    return out_ + "\n";
  }

 private:
  static constexpr int kDeepest = 500;

  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(why + " at byte " + std::to_string(at_));
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_spaces() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) != nullptr) ++at_;
  }

  void new_line(int depth) {
    if (compact_) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  void value(int depth) {
    if (depth > kDeepest) fail("nested too deep");
    switch (peek()) {
      case '{':
        container(depth, '}', true);
        break;
      case '[':
        container(depth, ']', false);
        break;
      case '"':
        string();
        break;
      case 't':
        word("true");
        break;
      case 'f':
        word("false");
        break;
      case 'n':
        word("null");
        break;
      default:
        number();
    }
    skip_spaces();
  }

  void container(int depth, char end, bool is_object) {
    out_ += text_[at_++];
    skip_spaces();
    if (peek() != end) {
      while (true) {
        new_line(depth + 1);
        if (is_object) key();
        value(depth + 1);
        if (peek() != ',') break;
        out_ += text_[at_++];
        skip_spaces();
      }
      new_line(depth);
    }
    if (peek() != end) fail(std::string("a '") + end + "' is missing");
    out_ += text_[at_++];
  }

  void key() {
    if (peek() != '"') fail("a key is missing");
    string();
    skip_spaces();
    if (peek() != ':') fail("a ':' is missing");
    ++at_;
    out_ += compact_ ? ":" : ": ";
    skip_spaces();
  }

  void string() {
    const std::size_t begin = at_++;
    while (peek() != '"') {
      if (at_ >= text_.size()) fail("an open string");
      if (static_cast<unsigned char>(text_[at_]) < 0x20) fail("a control character");
      if (text_[at_++] == '\\') escape();
    }
    ++at_;
    out_.append(text_, begin, at_ - begin);
  }

  void escape() {
    const char c = peek();
    if (c == '\0' || std::strchr("\"\\/bfnrtu", c) == nullptr) fail("an unknown escape");
    ++at_;
    for (int i = 0; c == 'u' && i < 4; ++i) {
      if (!std::isxdigit(static_cast<unsigned char>(peek()))) fail("a malformed \\u escape");
      ++at_;
    }
  }

  void word(const char* specified) {
    if (text_.compare(at_, std::strlen(specified), specified) != 0) fail("an unknown word");
    at_ += std::strlen(specified);
    out_ += specified;
  }

  void digits() {
    if (!std::isdigit(static_cast<unsigned char>(peek()))) fail("a value is missing");
    while (std::isdigit(static_cast<unsigned char>(peek()))) ++at_;
  }

  void number() {
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else {
      digits();
    }
    if (peek() == '.') {
      ++at_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits();
    }
    out_.append(text_, begin, at_ - begin);
  }

  const std::string& text_;
  bool compact_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool compact = argc == 2 && std::strcmp(argv[1], "-c") == 0;
  if (argc > 1 && !compact) {
    std::fprintf(stderr, "usage: jsonfmt [-c] < FILE\n");
    return 2;
  }
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  try {
    std::cout << Formatter(text, compact).format();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "jsonfmt: %s\n", error.what());
    return 1;
  }
  return std::cout.flush() ? 0 : 1;
}
