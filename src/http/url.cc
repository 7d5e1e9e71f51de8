#include "http/url.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kSubDelimiters = "!$&'()*+,;=";
constexpr std::size_t kLongestHost = 255;

bool is_url_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_url_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_unreserved(char c) {
  return is_url_letter(c) || is_url_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

char to_lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && base16_decode(text.substr(at + 1, 2));
}

/// Throws unless all of `text` is unreserved, an escape, a sub-delimiter or one of `extra`.
void require_encoded(std::string_view text, std::string_view extra, std::string_view part) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (is_unreserved(c) || kSubDelimiters.find(c) != std::string_view::npos ||
        extra.find(c) != std::string_view::npos || is_escape(text, at)) {
      continue;
    }
    throw InvalidError("the " + std::string(part) + " of a URL holds '" +
                       printable(std::string_view(&c, 1)) + "', which must be percent-encoded");
  }
}

std::string decoded_part(std::string_view text) {
  return percent_decode(text).value_or(std::string(text));
}

/// What a server wrote into a header without care, as a URL may hold it.
std::string encode_leftovers(std::string_view text) {
  constexpr std::string_view kKept = "!$&'()*+,;=:@/?[]";
  std::string encoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && is_escape(text, at)) {
      encoded += '%';
    } else {
      encoded += percent_encode(text.substr(at, 1), kKept);
    }
  }
  return encoded;
}

/// RFC 3986 §5.2.4.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  auto segments = split(path, '/');  // the first is empty: the path begins with a slash
  for (std::size_t at = 1; at < segments.size(); ++at) {
    const bool last = at + 1 == segments.size();
    if (segments[at] == ".." && !kept.empty()) kept.pop_back();
    if (segments[at] != "." && segments[at] != "..") {
      kept.push_back(segments[at]);
    } else if (last) {
      kept.push_back({});
    }
  }
  std::string result;
  for (const auto segment : kept) result.append("/").append(segment);
  return result.empty() ? "/" : result;
}

bool is_scheme(std::string_view text) {
  return !text.empty() && is_url_letter(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_url_letter(c) || is_url_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 15U];
  }
  return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    if (!is_escape(text, at)) return std::nullopt;
    decoded += static_cast<char>(base16_decode(text.substr(at + 1, 2))->front());
    at += 2;
  }
  return decoded;
}

Url Url::parse(std::string_view text) {
  if (text.size() > kMaxLength) {
    throw InvalidError("a URL of " + std::to_string(text.size()) + " bytes is too long");
  }
  if (text.find('#') != std::string_view::npos) throw InvalidError("a URL holds a fragment ('#')");
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) {
    throw InvalidError("a URL does not begin with a scheme such as 'https://'");
  }
  Url url;
  url.scheme_ = text.substr(0, colon);
  std::ranges::transform(url.scheme_, url.scheme_.begin(), to_lower_ascii);
  auto rest = text.substr(colon + 3);
  if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
    const auto query = rest.substr(mark + 1);
    require_encoded(query, ":@/?", "query");
    url.query_ = std::string(query);
    rest = rest.substr(0, mark);
  }
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    const auto path = rest.substr(slash);
    require_encoded(path, ":@/", "path");
    url.path_ = path;
    rest = rest.substr(0, slash);
  }
  url.parse_authority(rest);
  return url;
}

void Url::parse_authority(std::string_view text) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const auto info = text.substr(0, at);
    require_encoded(info, ":", "user");
    const auto colon = info.find(':');
    user_ = decoded_part(info.substr(0, colon));
    if (colon != std::string_view::npos) password_ = decoded_part(info.substr(colon + 1));
    text.remove_prefix(at + 1);
  }
  auto port = std::string_view();
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) throw InvalidError("a URL's '[' has no ']'");
    host_ = text.substr(1, end - 1);
    bracketed_ = true;
    in6_addr address{};
    if (::inet_pton(AF_INET6, host_.c_str(), &address) != 1) {
      throw InvalidError("a URL's brackets do not hold an IPv6 address");
    }
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    host_ = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon);
    const bool plain = std::ranges::all_of(host_, [](char c) {
      return is_url_letter(c) || is_url_digit(c) || c == '-' || c == '.' || c == '_';
    });
    if (!plain || host_.size() > kLongestHost) throw InvalidError("a URL's host is not a name");
  }
  std::ranges::transform(host_, host_.begin(), to_lower_ascii);
  if (host_.empty() && scheme_ != "file") throw InvalidError("a URL has no host");
  if (port.empty()) return;
  const auto number = parse_number(port.substr(1));
  if (port[0] != ':' || !number || *number == 0 || *number > 65535) {
    throw InvalidError("a URL's port is not a number from 1 to 65535");
  }
  port_ = static_cast<std::uint16_t>(*number);
}

std::uint16_t Url::effective_port() const noexcept {
  if (port_) return *port_;
  if (scheme_ == "http") return 80;
  return scheme_ == "https" ? 443 : 0;
}

std::string Url::decoded_path() const {
  return decoded_part(path_);
}

std::vector<QueryParameter> Url::query() const {
  std::vector<QueryParameter> parameters;
  if (!query_) return parameters;
  for (const auto piece : split(*query_, '&')) {
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    QueryParameter parameter{decoded_part(piece.substr(0, equals)), std::nullopt};
    if (equals != std::string_view::npos) parameter.value = decoded_part(piece.substr(equals + 1));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::optional<std::string> Url::query_value(std::string_view key) const {
  for (auto& parameter : query()) {
    if (parameter.key == key) return std::move(parameter.value).value_or("");
  }
  return std::nullopt;
}

std::string Url::authority() const {
  auto text = bracketed_ ? "[" + host_ + "]" : host_;
  const bool own = (scheme_ == "http" && port_ == 80) || (scheme_ == "https" && port_ == 443);
  if (port_ && !own) text += ":" + std::to_string(*port_);
  return text;
}

std::string Url::to_string() const {
  auto text = scheme_ + "://";
  if (user_) {
    text += percent_encode(*user_, kSubDelimiters);
    if (password_) text += ":" + percent_encode(*password_, std::string(kSubDelimiters) + ":");
    text += '@';
  }
  text += bracketed_ ? "[" + host_ + "]" : host_;
  if (port_) text += ":" + std::to_string(*port_);
  text += path_;
  if (query_) text += "?" + *query_;
  return text;
}

std::string Url::shown() const {
  return scheme_ + "://" + authority() + path_;
}

bool Url::same_origin(const Url& other) const {
  return scheme_ == other.scheme_ && host_ == other.host_ &&
         effective_port() == other.effective_port();
}

Url Url::without_user_info() const {
  Url url = *this;
  url.user_.reset();
  url.password_.reset();
  return url;
}

Url Url::with_path(std::string_view path) const {
  if (!path.empty() && path[0] != '/') throw InvalidError("a URL's path does not begin with '/'");
  require_encoded(path, ":@/", "path");
  Url url = *this;
  url.path_ = path;
  return url;
}

Url Url::append_path(std::string_view path) const {
  Url url = *this;
  if (!url.path_.ends_with('/')) url.path_ += '/';
  url.path_ += percent_encode(path, "/");
  return url;
}

Url Url::with_query(const std::vector<QueryParameter>& query) const {
  Url url = *this;
  url.query_.reset();
  for (const auto& [key, value] : query) {
    auto text = percent_encode(key);
    if (value) text += "=" + percent_encode(*value);
    url.query_ = url.query_ ? *url.query_ + "&" + text : text;
  }
  return url;
}

Url Url::add_query(std::string_view key, std::string_view value) const {
  Url url = *this;
  const auto text = percent_encode(key) + "=" + percent_encode(value);
  url.query_ = url.query_ && !url.query_->empty() ? *url.query_ + "&" + text : text;
  return url;
}

Url Url::resolve(std::string_view reference) const {
  const auto text = encode_leftovers(reference.substr(0, reference.find('#')));
  const auto colon = text.find(':');
  const auto slash = text.find_first_of("/?");
  if (colon != std::string::npos && (slash == std::string::npos || colon < slash) &&
      is_scheme(std::string_view(text).substr(0, colon))) {
    return parse(text);
  }
  if (text.starts_with("//")) return parse(scheme_ + ":" + text);
  Url url = *this;
  if (text.empty()) return url;
  const auto mark = text.find('?');
  const auto path = std::string_view(text).substr(0, mark);
  if (mark != std::string::npos || !path.empty()) url.query_.reset();
  if (mark != std::string::npos) {
    url.query_ = text.substr(mark + 1);
    require_encoded(*url.query_, ":@/?", "query");
  }
  if (path.empty()) return url;
  require_encoded(path, ":@/", "path");
  const auto base = path_.substr(0, path_.rfind('/') + 1);
  url.path_ = remove_dot_segments(path[0] == '/' ? std::string(path)
                                                 : (base.empty() ? "/" : base) + std::string(path));
  if (url.to_string().size() > kMaxLength) throw InvalidError("a URL is too long");
  return url;
}

}  // namespace grange
