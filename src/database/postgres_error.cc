#include "database/postgres_error.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace grange {
namespace {

struct StateKind {
  std::string_view prefix;
  ErrorKind kind;
};

/// The first that fits; anything else is `corrupt`.
constexpr std::array kStateKinds = {
    StateKind{"08", ErrorKind::unavailable},     // connection exception
    StateKind{"23", ErrorKind::conflict},        // integrity constraint violation
    StateKind{"25006", ErrorKind::denied},       // read-only transaction
    StateKind{"25P02", ErrorKind::conflict},     // the transaction has failed before
    StateKind{"25P03", ErrorKind::unavailable},  // it was idle for too long
    StateKind{"28", ErrorKind::denied},          // authorisation
    StateKind{"3D", ErrorKind::not_found},       // no such database
    StateKind{"40", ErrorKind::conflict},        // serialisation failure, deadlock
    StateKind{"42501", ErrorKind::denied},       // insufficient privilege
    StateKind{"53", ErrorKind::unavailable},     // disk full, out of memory, too many connections
    StateKind{"55006", ErrorKind::unavailable},  // object in use
    StateKind{"55P03", ErrorKind::unavailable},  // lock not available
    StateKind{"57", ErrorKind::unavailable},     // an operator intervened: shutting down, cancelled
    StateKind{"58", ErrorKind::unavailable},     // input or output
};

constexpr std::size_t kStateSize = 5;

bool is_state_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

}  // namespace

void throw_postgres_error(std::string_view state, const std::string& message) {
  const std::string text = message + " (SQLSTATE " + std::string(state) + ")";
  const auto* found =
      std::find_if(kStateKinds.begin(), kStateKinds.end(),
                   [&](const StateKind& kind) { return state.starts_with(kind.prefix); });
  switch (found == kStateKinds.end() ? ErrorKind::corrupt : found->kind) {
    case ErrorKind::unavailable:
      throw UnavailableError(text + "; try again");
    case ErrorKind::denied:
      throw DeniedError(text);
    case ErrorKind::not_found:
      throw NotFoundError(text);
    case ErrorKind::conflict:
      throw ConflictError(text);
    default:
      throw CorruptError(text);
  }
}

std::string_view sqlstate_in(std::string_view message) {
  constexpr std::string_view kBefore = ":  ";
  for (auto at = message.find(kBefore); at != std::string_view::npos;
       at = message.find(kBefore, at + 1)) {
    const auto state = message.substr(at + kBefore.size(), kStateSize);
    if (state.size() == kStateSize && std::all_of(state.begin(), state.end(), is_state_character) &&
        message.substr(at + kBefore.size() + kStateSize).starts_with(':')) {
      return state;
    }
  }
  return {};
}

}  // namespace grange
