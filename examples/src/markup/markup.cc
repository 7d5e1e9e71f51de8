// Turns Markdown into an HTML page: headings, paragraphs, lists, fenced code, quotes, rules, and in
// them *emphasis*, **strong**, `code` and [links](url). Everything else is text.
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

// What is marked inside a line. A mark without its partner is text.
std::string spans(const std::string& text) {
  struct Mark {
    std::string sign;
    std::string tag;
    bool nests;
  };
  static const std::vector<Mark> marks = {
      {"`", "code", false}, {"**", "strong", true}, {"*", "em", true}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    bool found = false;
    for (const auto& [sign, tag, nests] : marks) {
      if (text.compare(at, sign.size(), sign) != 0) continue;
      const std::size_t begin = at + sign.size();
      const std::size_t end = text.find(sign, begin);
      if (end == std::string::npos || end == begin) continue;
      const std::string inner = text.substr(begin, end - begin);
      out += "<" + tag + ">" + (nests ? spans(inner) : escaped(inner)) + "</" + tag + ">";
      at = end + sign.size();
      found = true;
      break;
    }
    if (found) continue;
    if (text[at] == '[') {
      const std::size_t middle = text.find("](", at);
      const std::size_t end = middle == std::string::npos ? middle : text.find(')', middle);
      if (end != std::string::npos) {
        const std::string url = text.substr(middle + 2, end - middle - 2);
        const std::string inner = text.substr(at + 1, middle - at - 1);
        out += "<a href=\"" + escaped(url) + "\">" + escaped(inner) + "</a>";
        at = end + 1;
        continue;
      }
    }
    out += escaped(text.substr(at++, 1));
  }
  return out;
}

class Page {
 public:
  void add(const std::string& line) {
    if (in_code_) {
      if (starts_with(line, "```")) {
        body_ += "</code></pre>\n";
        in_code_ = false;
      } else {
        body_ += escaped(line) + "\n";
      }
      return;
    }
    if (line.empty()) {
      close();
    } else if (starts_with(line, "```")) {
      close();
      body_ += "<pre><code>";
      in_code_ = true;
    } else if (line == "---") {
      close();
      body_ += "<hr>\n";
    } else if (const std::size_t level = heading_level(line); level > 0) {
      heading(level, line.substr(level + 1));
    } else if (starts_with(line, "- ")) {
      open("ul");
      body_ += "<li>" + spans(line.substr(2)) + "</li>\n";
    } else if (starts_with(line, "> ")) {
      open("blockquote");
      body_ += spans(line.substr(2)) + "\n";
    } else {
      open("p");
      body_ += spans(line) + "\n";
    }
  }

  std::string finish() {
    if (in_code_) add("```");
    close();
    return "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>" + escaped(title_) +
           "</title></head>\n<body>\n" + body_ + "</body>\n</html>\n";
  }

 private:
  static std::size_t heading_level(const std::string& line) {
    std::size_t level = 0;
    while (level < line.size() && line[level] == '#') ++level;
    return level <= 6 && level < line.size() && line[level] == ' ' ? level : 0;
  }

  void heading(std::size_t level, const std::string& text) {
    close();
    if (title_.empty()) title_ = text;
    const std::string tag = "h" + std::to_string(level);
    body_ += "<" + tag + ">" + spans(text) + "</" + tag + ">\n";
  }

  void open(const std::string& tag) {
    if (open_ == tag) return;
    close();
    body_ += "<" + tag + ">\n";
    open_ = tag;
  }

  void close() {
    if (!open_.empty()) body_ += "</" + open_ + ">\n";
    open_.clear();
  }

  std::string body_;
  std::string title_;
  std::string open_;
  bool in_code_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: markup FILE\n";
    return 2;
  }
  std::ifstream file(argv[1]);
  if (!file) {
    std::cerr << "markup: cannot read " << argv[1] << "\n";
    return 1;
  }
  Page page;
  for (std::string line; std::getline(file, line);) page.add(line);
  std::cout << page.finish();
  return std::cout.flush() ? 0 : 1;
}
