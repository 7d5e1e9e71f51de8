#include "pages/page_encoding.h"

#include "base/gzip.h"
#include "base/text.h"

namespace grange {
namespace {

/// Less than about a packet is sent as it is.
constexpr std::size_t kLeast = 1200;
constexpr int kQuick = 3;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// "q=0", "q=0.000": not that.
bool is_refused(std::string_view parameter) {
  parameter = trimmed(parameter);
  return parameter.starts_with("q=0") && parameter.find_first_of("123456789") == std::string::npos;
}

}  // namespace

bool takes_gzip(const ServerRequest& request) {
  const auto* accepted = request.headers.find("Accept-Encoding");
  if (accepted == nullptr) return false;
  std::string_view rest = *accepted;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(','), rest.size());
    const auto one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto semicolon = std::min(one.find(';'), one.size());
    if (trimmed(one.substr(0, semicolon)) != "gzip") continue;
    return semicolon == one.size() || !is_refused(one.substr(semicolon + 1));
  }
  return false;
}

void encode_for(const ServerRequest& request, ServerResponse& response) {
  auto* text = std::get_if<std::string>(&response.body);
  if (text == nullptr || text->size() < kLeast || !takes_gzip(request)) return;
  *text = gzip(*text, kQuick);
  response.headers.set("Content-Encoding", "gzip");
}

}  // namespace grange
