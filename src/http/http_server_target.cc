#include "http/http_server_target.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "http/http_server_fields.h"

namespace grange {

namespace {

enum class PlusSign { is_itself, is_space };

std::string decode_percent(std::string_view text, PlusSign plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == PlusSign::is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const auto byte = base16_decode(text.substr(i + 1, 2));
      if (!byte || byte->size() != 1) {
        throw InvalidError("a percent sign in the target is not followed by two hex digits");
      }
      decoded += static_cast<char>(byte->front());
      i += 2;
    }
  }
  if (decoded.find('\0') != std::string::npos) throw InvalidError("the target has a NUL character");
  return decoded;
}

/// The path and query of an absolute form; the text itself otherwise.
std::string_view without_authority(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (text.starts_with('/') || colon == std::string_view::npos) return text;
  const std::string_view scheme = text.substr(0, colon);
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) return text;
  const std::size_t end = text.find_first_of("/?", colon + 3);
  return end == std::string_view::npos ? "/" : text.substr(end);
}

}  // namespace

RequestTarget RequestTarget::parse(std::string_view text) {
  if (text.size() > kMaximumLength) throw InvalidError("the target is too long");
  RequestTarget target;
  if (text == "*") {
    target.path = "*";
    return target;
  }
  text = without_authority(text);
  const std::size_t question = text.find('?');
  target.path = decode_percent(text.substr(0, question), PlusSign::is_itself);
  if (target.path.empty() && question == 0) target.path = "/";
  if (!target.path.starts_with('/')) throw InvalidError("the target is no absolute path");
  for (const std::string_view segment : split(target.path, '/')) {
    if (segment == "." || segment == "..") throw InvalidError("the path has a dot segment");
  }
  if (question == std::string_view::npos) return target;
  target.query = text.substr(question + 1);
  for (const std::string_view piece : split(target.query, '&')) {
    if (piece.empty()) continue;
    if (target.parameters.size() == kMaximumParameters) {
      throw InvalidError("the query has too many parameters");
    }
    const std::size_t equals = piece.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
    target.parameters.emplace_back(decode_percent(piece.substr(0, equals), PlusSign::is_space),
                                   decode_percent(value, PlusSign::is_space));
  }
  return target;
}

const std::string* RequestTarget::parameter(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& one) { return one.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

}  // namespace grange
