#include "base/xml_leaves.h"

#include <charconv>
#include <cstdint>
#include <utility>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::size_t kDeepest = 32;
constexpr std::size_t kLongestName = 128;
constexpr std::size_t kLongestEntity = 12;

[[noreturn]] void refuse(std::string_view why) {
  throw CorruptError("the XML is malformed: " + std::string(why));
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

void append_character(std::string& text, std::string_view digits) {
  int base = 10;
  if (digits.starts_with('x')) {
    base = 16;
    digits.remove_prefix(1);
  }
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (error != std::errc() || end != digits.data() + digits.size() || code == 0 ||
      code > 0x10FFFF || surrogate) {
    refuse("there is no such character");
  }
  append_utf8(text, code);
}

class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  std::vector<XmlLeaf> read() {
    while (!rest_.empty()) {
      if (rest_.front() == '<') {
        read_markup();
      } else {
        read_text();
      }
    }
    if (!open_.empty() || !began_) refuse("it ends too early");
    return std::move(leaves_);
  }

 private:
  struct Element {
    std::string_view name;      ///< as it stands, with its prefix
    std::size_t path_size = 0;  ///< of path_ without it
    bool leaf = true;
    std::string text{};
  };

  bool take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  std::string_view take_until(std::string_view end) {
    const auto at = rest_.find(end);
    if (at == rest_.npos) refuse("it ends too early");
    const auto text = rest_.substr(0, at);
    rest_.remove_prefix(at + end.size());
    return text;
  }

  void read_markup() {
    if (take("<!--")) {
      take_until("-->");
    } else if (take("<![CDATA[")) {
      add_text(take_until("]]>"));
    } else if (take("<?")) {
      take_until("?>");
    } else if (take("<!")) {
      refuse("it has a document type");
    } else if (take("</")) {
      end_element(take_until(">"));
    } else {
      rest_.remove_prefix(1);
      begin_element();
    }
  }

  void read_text() {
    const auto text = rest_.substr(0, rest_.find_first_of("<&"));
    rest_.remove_prefix(text.size());
    add_text(text);
    if (take("&")) read_entity();
  }

  void read_entity() {
    const auto end = rest_.substr(0, kLongestEntity).find(';');
    if (end == rest_.npos) refuse("an '&' begins no entity");
    const auto name = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    std::string text;
    if (name == "amp")
      text = "&";
    else if (name == "lt")
      text = "<";
    else if (name == "gt")
      text = ">";
    else if (name == "quot")
      text = "\"";
    else if (name == "apos")
      text = "'";
    else if (name.starts_with('#'))
      append_character(text, name.substr(1));
    else
      refuse("there is an unknown entity");
    add_text(text);
  }

  void add_text(std::string_view text) {
    if (!open_.empty()) {
      open_.back().text += text;
      return;
    }
    for (const char c : text) {
      if (!is_space(c) && static_cast<unsigned char>(c) < 0x80) {
        refuse("there is text outside of elements");
      }
    }
  }

  void begin_element() {
    const auto name = rest_.substr(0, rest_.find_first_of(" \t\r\n/>"));
    if (name.empty() || name.size() > kLongestName || name.find_first_of("<&=\"'") != name.npos) {
      refuse("an element has no name");
    }
    rest_.remove_prefix(name.size());
    if (open_.empty() && began_) refuse("it has more than one root");
    if (open_.size() >= kDeepest) refuse("it is nested too deeply");
    began_ = true;
    if (!open_.empty()) open_.back().leaf = false;
    open_.push_back({name, path_.size()});
    const auto colon = name.find(':');
    if (!path_.empty()) path_ += '/';
    path_ += colon == name.npos ? name : name.substr(colon + 1);
    skip_attributes();
    if (take("/>")) {
      end_element(name);
    } else if (!take(">")) {
      refuse("a tag does not end");
    }
  }

  void skip_attributes() {
    for (;;) {
      const auto at = rest_.find_first_of("\"'/>");
      if (at == rest_.npos) refuse("it ends too early");
      const char found = rest_[at];
      rest_.remove_prefix(at);
      if (found != '"' && found != '\'') return;
      rest_.remove_prefix(1);
      take_until(std::string_view(&found, 1));
    }
  }

  void end_element(std::string_view name) {
    while (!name.empty() && is_space(name.back())) name.remove_suffix(1);
    if (open_.empty() || open_.back().name != name) refuse("its tags do not match");
    auto& element = open_.back();
    if (element.leaf) leaves_.push_back({path_, std::move(element.text)});
    path_.resize(element.path_size);
    open_.pop_back();
  }

  std::string_view rest_;
  bool began_ = false;
  std::string path_;
  std::vector<Element> open_;
  std::vector<XmlLeaf> leaves_;
};

}  // namespace

std::vector<XmlLeaf> read_xml_leaves(std::string_view document) {
  if (document.starts_with("\xEF\xBB\xBF")) document.remove_prefix(3);
  return Reader(document).read();
}

}  // namespace grange
