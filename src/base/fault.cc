#include "base/fault.h"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string>

#include <signal.h>

#include "base/error.h"

namespace grange {
namespace {

enum class FaultAction { kill, eio, enospc };

struct Fault {
  std::string name;
  FaultAction action;
  std::atomic<long> visits_left;
};

std::atomic<Fault*> current_fault{nullptr};

}  // namespace

void fault_point(std::string_view name) {
  Fault* fault = current_fault.load(std::memory_order_relaxed);
  if (fault == nullptr || fault->name != name || --fault->visits_left != 0) return;
  switch (fault->action) {
    case FaultAction::kill:
      ::raise(SIGKILL);
      return;
    case FaultAction::eio:
      throw SystemError(EIO, "fault point '" + fault->name + "'");
    case FaultAction::enospc:
      throw SystemError(ENOSPC, "fault point '" + fault->name + "'");
  }
}

void set_fault(std::string_view specification) {
  static std::unique_ptr<Fault> owner;
  current_fault = nullptr;
  owner.reset();
  if (specification.empty()) return;
  const auto equals = specification.find('=');
  auto action =
      equals == std::string_view::npos ? std::string_view() : specification.substr(equals + 1);
  long visits = 1;
  if (const auto colon = action.find(':'); colon != std::string_view::npos) {
    const auto digits = action.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), visits);
    if (error != std::errc() || end != digits.data() + digits.size() || visits < 1) action = "";
    action = action.substr(0, colon);
  }
  FaultAction chosen{};
  if (action == "kill")
    chosen = FaultAction::kill;
  else if (action == "eio")
    chosen = FaultAction::eio;
  else if (action == "enospc")
    chosen = FaultAction::enospc;
  else
    throw InvalidError("fault '" + std::string(specification) +
                       "' is not NAME=kill|eio|enospc[:N]");
  // In braces: clang 14 makes no aggregate from arguments in parentheses.
  owner.reset(new Fault{std::string(specification.substr(0, equals)), chosen, {visits}});
  current_fault = owner.get();
}

}  // namespace grange
