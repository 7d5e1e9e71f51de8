#include "store/daemon_error.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/terminal_text.h"
#include "base/text.h"

namespace grange {
namespace {

bool has_any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

}  // namespace

std::string plain_lines(std::string_view text) {
  std::string plain;
  for (const auto line : split(text, '\n')) {
    if (!plain.empty()) plain += '\n';
    plain += plain_line(line);
  }
  while (plain.ends_with('\n')) plain.pop_back();
  return plain;
}

void throw_daemon_error(const ErrorFrame& error) {
  auto text = plain_lines(error.message);
  // 2.8 puts it before the message itself.
  for (const std::string_view prefix : {"error: ", "error:"}) {
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
  }
  if (text.empty()) text = "it says only that something went wrong";
  if (has_any_of(text, {"hash mismatch", "is corrupt"})) throw CorruptError(text);
  if (has_any_of(text,
                 {"not privileged", "privileged", "lacks a valid signature", "lacks a signature",
                  "not allowed", "is not trusted", "Permission denied", "Operation not permitted",
                  "experimental Nix feature", "experimental feature"})) {
    throw DeniedError(text);
  }
  if (has_any_of(text, {"is not valid", "does not exist", "No such file", "is required, but"})) {
    throw NotFoundError(text);
  }
  if (has_any_of(text, {"No space left", "interrupted by the user", "Cannot allocate", "is busy",
                        "is locked"})) {
    throw UnavailableError(text);
  }
  throw InvalidError(text);
}

}  // namespace grange
