#include "store/store_reference.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kLongestReference = std::size_t{64} << 10;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Nix takes characters that should have been written as %XX as they are; so do we.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) throw InvalidError("'%' is not followed by two hexadecimal digits");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~/:,@+";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        kPlain.find(c) != kPlain.npos) {
      encoded += c;
    } else {
      encoded.append(1, '%').append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return encoded;
}

void parse_parameters(std::string_view text, StoreReference& reference) {
  for (const auto part : split(text, '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    if (equals == part.npos) {
      throw InvalidError("parameter '" + printable(part) + "' has no value");
    }
    const auto key = percent_decoded(part.substr(0, equals));
    if (!reference.parameters.emplace(key, percent_decoded(part.substr(equals + 1))).second) {
      throw InvalidError("parameter '" + printable(key) + "' appears twice");
    }
  }
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
  });
}

StoreReference parse_reference(std::string_view text) {
  StoreReference reference;
  const auto question = text.find('?');
  const auto name = text.substr(0, question);
  if (question != text.npos) parse_parameters(text.substr(question + 1), reference);
  const auto separator = name.find("://");
  if (separator != name.npos && is_scheme(name.substr(0, separator))) {
    reference.scheme = name.substr(0, separator);
    reference.authority = name.substr(separator + 3);
  } else if (name == "daemon") {
    reference.scheme = "unix";
  } else if (name == "auto" || name == "local") {
    reference.scheme = name;
  } else if (name.find('/') != name.npos || name.starts_with('.')) {
    // As Nix has it, a directory is the root of a local store.
    reference.scheme = "local";
    if (!reference.parameters.emplace("root", percent_decoded(name)).second) {
      throw InvalidError("both a directory and the parameter 'root' are given");
    }
  } else {
    throw InvalidError("specified a URL, a directory (with a '/' in it), daemon, local or auto");
  }
  return reference;
}

}  // namespace

StoreReference StoreReference::parse(std::string_view text) {
  return with_context(
      [&] { return "while reading the name of a store, '" + printable(text.substr(0, 256)) + "'"; },
      [&] {
        if (text.size() > kLongestReference) throw InvalidError("it is too long");
        return parse_reference(text);
      });
}

std::string StoreReference::to_string() const {
  std::string text = scheme == "auto" ? scheme : scheme + "://" + authority;
  char separator = '?';
  for (const auto& [key, value] : parameters) {
    text += separator + percent_encoded(key) + "=" + percent_encoded(value);
    separator = '&';
  }
  return text;
}

}  // namespace grange
