#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "process/launcher.h"
#include "process/process.h"

namespace grange {

// What grange and its launcher tell each other, as bytes of this machine: both ends are of one
// version (the launcher's greeting says which).

/// The launcher's first message when it is ready.
constexpr std::string_view kLauncherGreeting = "grange-launcher " GRANGE_VERSION;
/// Asks for a step; comes with the descriptors of its encoded spec, its output and its own socket,
/// then those of the locks it holds.
constexpr std::string_view kLaunchRequest = "launch";
/// The same for a sandbox that may grow: before the locks comes a socket by which it is asked for
/// more objects, each message answered by a report.
constexpr std::string_view kGrowingRequest = "launch, growing";
/// On a step's own socket: end it.
constexpr std::string_view kKillRequest = "kill";

/// The first message to the launcher: where a relocated store is; two empty paths for none.
std::string encode_relocation(const std::filesystem::path& store_dir,
                              const std::filesystem::path& physical_store);
std::pair<std::filesystem::path, std::filesystem::path> decode_relocation(std::string_view bytes);

std::string encode_launch_spec(const LaunchSpec& spec);
/// Throws CorruptError.
LaunchSpec decode_launch_spec(std::string_view bytes);

/// Names of store objects to show.
std::string encode_names(const std::vector<std::string>& names);
/// Throws CorruptError.
std::vector<std::string> decode_names(std::string_view bytes);

/// How a step ended, or why it could not be started.
struct StepReport {
  bool started = false;
  ExitStatus status;  ///< when it was started

  ErrorKind kind = ErrorKind::system;  ///< otherwise
  int code = 0;                        ///< errno, for ErrorKind::system
  std::string message;                 ///< without the text of `code`
  std::vector<std::string> contexts;

  static StepReport of_end(const ExitStatus& status);
  static StepReport of_error(const std::exception& error);
  /// Throws the error that it was made of.
  [[noreturn]] void raise() const;
};

/// At most kPacketLimit bytes: a longer message is cut.
std::string encode_report(const StepReport& report);
StepReport decode_report(std::string_view bytes);

}  // namespace grange
