#include "evaluate/walker_protocol.h"

#include <array>
#include <optional>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "evaluate/nix_message.h"

namespace grange {
namespace {

using Kind = WalkerReport::Kind;

[[noreturn]] void refuse(std::string_view text) {
  throw CorruptError("the evaluator reported '" + printable(text.substr(0, 200)) +
                     "', which is no report of the walker");
}

std::optional<Kind> parse_kind(std::string_view word) {
  if (word == "open") return Kind::open;
  if (word == "done") return Kind::done;
  if (word == "set") return Kind::set;
  if (word == "derivation") return Kind::derivation;
  if (word == "meta") return Kind::meta;
  if (word == "other") return Kind::other;
  return std::nullopt;
}

/// A Nix string literal, without line feeds, whose value is the path as JSON.
std::string path_literal(const std::vector<std::string>& path) {
  const std::string json = nlohmann::json(path).dump(-1, ' ', /*ensure_ascii=*/true,
                                                     nlohmann::json::error_handler_t::replace);
  std::string literal = "\"";
  for (const char c : json) {
    if (c == '"' || c == '\\' || c == '$') literal += '\\';
    literal += c;
  }
  return literal + '"';
}

void read_payload(WalkerReport& report, const nlohmann::json& json) {
  switch (report.kind) {
    case Kind::open:
    case Kind::done:
    case Kind::meta:
      return;
    case Kind::set:
      report.name = json.at("name").get<std::string>();
      report.members = json.at("members").get<std::vector<std::string>>();
      return;
    case Kind::derivation:
      report.name = json.at("name").get<std::string>();
      report.derivation_path = json.at("drvPath").get<std::string>();
      report.has_meta = json.at("meta").get<bool>();
      if (json.contains("constituents")) {
        report.is_aggregate = true;
        report.constituents = json.at("constituents").get<std::vector<std::string>>();
        report.constituents_are_globs = json.at("globs").get<bool>();
      }
      return;
    case Kind::other:
      report.name = json.at("name").get<std::string>();
      report.type = json.at("type").get<std::string>();
      report.missing_argument = json.value("missing", "");
      return;
  }
}

}  // namespace

WalkerReport parse_walker_report(std::string_view text) {
  const auto first = text.find(' ');
  const auto second = first == text.npos ? text.npos : text.find(' ', first + 1);
  if (second == text.npos) refuse(text);
  const auto kind = parse_kind(text.substr(0, first));
  const auto index = parse_number(text.substr(first + 1, second - first - 1));
  if (!kind || !index) refuse(text);
  WalkerReport report;
  report.kind = *kind;
  report.index = *index;
  const std::string payload = to_utf8(text.substr(second + 1));
  if (report.kind == Kind::meta) {
    // A number without a JSON form (an infinite float) spoils the whole of it.
    report.meta_json = nlohmann::json::accept(payload) ? payload : "{}";
    return report;
  }
  try {
    read_payload(report, nlohmann::json::parse(payload));
  } catch (const nlohmann::json::exception&) {
    refuse(text);
  }
  return report;
}

std::string walker_open_command(std::string_view walker_file, std::string_view token) {
  return fmt::format(":l {}\nwalker = grangeWalker \"{} \"\nwalker.open\n", walker_file, token);
}

std::string walker_selected_command(const std::vector<std::string>& path, std::uint64_t index) {
  return fmt::format("walker.selected {} {}\n", index, path_literal(path));
}

std::string walker_members_command(const std::vector<std::string>& path, std::uint64_t first,
                                   std::uint64_t count) {
  return fmt::format("walker.members {} {} {}\n", path_literal(path), first, count);
}

std::string walker_done_command(std::uint64_t number, std::string_view token) {
  // When a file that is imported ends too early nix takes the command for unfinished and waits for
  // more of it. The parenthesis ends the waiting; otherwise it is an error of its own.
  return fmt::format(")\nbuiltins.trace \"{} done {} {{}}\" null\n", token, number);
}

std::string without_walker_end(std::string_view said) {
  constexpr std::string_view kEnd = "error: syntax error, unexpected ')'";
  std::string plain = without_escapes(said);
  const auto end = plain.rfind(kEnd);
  if (end == std::string::npos) return plain;
  const bool interrupted = plain.compare(end + kEnd.size(), 1, ",") == 0;
  if (!interrupted) return plain.substr(0, end);
  return plain.substr(0, end) +
         "error: syntax error, unexpected end of file, in a file that is evaluated or imported\n";
}

std::string make_walker_token() {
  std::array<std::uint8_t, 16> bytes{};
  if (::getentropy(bytes.data(), bytes.size()) != 0) throw_errno("reading random bytes");
  return base16_encode(bytes);
}

}  // namespace grange
