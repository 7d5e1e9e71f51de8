#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "wire/wire_values.h"

namespace grange {

// What the server of a worker connection sends while an operation runs (nix-store.md §8.2).

enum class Verbosity : std::uint8_t { error, warn, notice, info, talkative, chatty, debug, vomit };

/// Newer servers may send others: these are those that are known.
enum class ActivityType : std::uint64_t {
  unknown = 0,
  copy_path = 100,
  file_transfer = 101,
  realise = 102,
  copy_paths = 103,
  builds = 104,
  build = 105,
  optimise_store = 106,
  verify_paths = 107,
  substitute = 108,
  query_path_info = 109,
  post_build_hook = 110,
  build_waiting = 111,
};

enum class ActivityResult : std::uint64_t {
  file_linked = 100,
  build_log_line = 101,
  untrusted_path = 102,
  corrupted_path = 103,
  set_phase = 104,
  progress = 105,      ///< done, expected, running, failed
  set_expected = 106,  ///< activity type, number
  post_build_log_line = 107,
};

using ActivityField = std::variant<std::uint64_t, std::string>;

/// A line of the server's log.
struct NextFrame {
  std::string text;
};
/// The server asks for up to `size` bytes of what the operation reads, as one string.
struct ReadFrame {
  std::uint64_t size = 0;
};
/// A piece of what the operation gives.
struct WriteFrame {
  std::string data;
};
/// The operation is done; its reply follows.
struct LastFrame {};
/// The operation failed; no reply follows, and the connection can be used on.
struct ErrorFrame {
  Verbosity level = Verbosity::error;
  std::string name{};  ///< of the kind of error, empty below 1.26
  std::string message{};
  std::vector<std::string> traces{};  ///< from 1.26 on
  std::uint64_t exit_status = 1;      ///< below 1.26
};
struct StartActivityFrame {
  std::uint64_t id = 0;
  Verbosity level = Verbosity::info;
  ActivityType type = ActivityType::unknown;
  std::string text{};
  std::vector<ActivityField> fields{};
  std::uint64_t parent = 0;  ///< 0: none
};
struct StopActivityFrame {
  std::uint64_t id = 0;
};
struct ResultFrame {
  std::uint64_t id = 0;  ///< of the activity
  ActivityResult type = ActivityResult::build_log_line;
  std::vector<ActivityField> fields{};
};

using WorkerFrame = std::variant<NextFrame, ReadFrame, WriteFrame, LastFrame, ErrorFrame,
                                 StartActivityFrame, StopActivityFrame, ResultFrame>;

/// By version: errors have another form from 1.26 on. Throws CorruptError for an unknown frame.
WorkerFrame read_worker_frame(WireReader& in);
/// Throws InvalidError for an activity or its result where the version is below 1.20.
void write_worker_frame(WireWriter& out, const WorkerFrame& frame);

}  // namespace grange
