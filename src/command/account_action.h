#pragma once

#include <memory>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "command/account_admin.h"
#include "command/exit_code.h"
#include "command/interrupt.h"

namespace grange {

/// A subcommand that does something to accounts at the place that its options name.
template <typename Options>
CLI::App& add_account_action(CLI::App& parent, Action& chosen,
                             const std::shared_ptr<Options>& options, const char* name,
                             const char* about, const char* footer,
                             void (*action)(AccountAdmin&, const Options&)) {
  auto* command = parent.add_subcommand(name, about);
  add_admin_place_options(*command, options->place);
  command->footer(footer);
  command->callback([options, action, &chosen] {
    chosen = [options, action] {
      const InterruptWatch interrupt;
      const SystemClock clock;
      const auto accounts = AccountAdmin::open(options->place, clock, interrupt.token());
      action(*accounts, *options);
      accounts->leave();
      return kExitGood;
    };
  });
  return *command;
}

}  // namespace grange
