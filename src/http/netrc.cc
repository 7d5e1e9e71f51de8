#include "http/netrc.h"

#include <algorithm>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::string_view kNetrcSpace = " \t\r\n";

/// Gives the words of a netrc file; comments are passed over.
class NetrcWords {
 public:
  explicit NetrcWords(std::string_view text) : text_(text) {}

  std::optional<std::string> next() {
    skip_space();
    if (at_ == text_.size()) return std::nullopt;
    if (text_[at_] == '"') return quoted();
    const auto end = std::min(text_.find_first_of(kNetrcSpace, at_), text_.size());
    auto word = std::string(text_.substr(at_, end - at_));
    at_ = end;
    return word;
  }

  std::string value(std::string_view keyword) {
    auto word = next();
    if (!word) throw InvalidError("a netrc file ends behind '" + std::string(keyword) + "'");
    return std::move(*word);
  }

  /// A macro lasts to the next empty line.
  void skip_macro() {
    const auto end = text_.find("\n\n", at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 2;
  }

 private:
  void skip_space() {
    for (;;) {
      at_ = std::min(text_.find_first_not_of(kNetrcSpace, at_), text_.size());
      const bool begins = at_ == 0 || begins_line();
      if (at_ == text_.size() || text_[at_] != '#' || !begins) return;
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
  }

  /// Is there only space between here and the line's begin?
  bool begins_line() const {
    const auto before = text_.substr(0, at_).find_last_not_of(" \t");
    return before == std::string_view::npos || text_[before] == '\n';
  }

  std::string quoted() {
    std::string word;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return word;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      word += text_[at_];
    }
    throw InvalidError("a word of a netrc file has no closing quote");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool same_host(std::string_view left, std::string_view right) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(left, right, {}, lower, lower);
}

}  // namespace

Netrc Netrc::parse(std::string_view text) {
  Netrc netrc;
  NetrcWords words(text);
  while (const auto word = words.next()) {
    if (*word == "machine") {
      netrc.entries_.push_back({words.value(*word), {}, {}});
      if (netrc.entries_.back().machine.empty()) throw InvalidError("a netrc machine has no name");
    } else if (*word == "default") {
      netrc.entries_.push_back({});
    } else if (*word == "macdef") {
      words.skip_macro();
    } else if (netrc.entries_.empty()) {
      throw InvalidError("a netrc file does not begin with 'machine' or 'default'");
    } else if (*word == "login") {
      netrc.entries_.back().login = words.value(*word);
    } else if (*word == "password") {
      netrc.entries_.back().password = words.value(*word);
    } else if (*word == "account") {
      words.value(*word);
    } else {
      // Not repeated in the message: it may be a part of a password.
      throw InvalidError("a netrc file has an unknown keyword in the entry of '" +
                         netrc.entries_.back().machine + "'");
    }
  }
  return netrc;
}

const Netrc::Entry* Netrc::find_named(std::string_view host) const {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return !entry.machine.empty() && same_host(entry.machine, host);
  });
  return found == entries_.end() ? nullptr : &*found;
}

const Netrc::Entry* Netrc::find(std::string_view host) const {
  if (const auto* entry = find_named(host)) return entry;
  const auto found =
      std::ranges::find_if(entries_, [](const Entry& entry) { return entry.machine.empty(); });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace grange
