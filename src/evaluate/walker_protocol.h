#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// One line that the walker traced: "trace: TOKEN KIND INDEX JSON". The token is made anew for
/// every process and handed to it on its standard input, so that no expression can forge a report.
struct WalkerReport {
  enum class Kind {
    open,        ///< the root was evaluated
    done,        ///< the command of this number was worked off, one way or another
    set,         ///< to be walked: `members`
    derivation,  ///< `derivation_path`; when `has_meta`, a meta report follows
    meta,        ///< `meta_json`
    other,       ///< a value that is no target: `type`
  };
  Kind kind = Kind::other;
  std::uint64_t index = 0;
  std::string name;  ///< of the attribute, so that an evaluation that changes its mind is noticed
  std::vector<std::string> members;
  std::string derivation_path;
  bool has_meta = false;
  bool is_aggregate = false;
  std::vector<std::string> constituents;  ///< labels and .drv paths
  bool constituents_are_globs = false;
  std::string meta_json;
  std::string type;
  std::string missing_argument;  ///< of a function that was not called for want of it
};

/// Reads what follows the token. Throws CorruptError when it is no report.
WalkerReport parse_walker_report(std::string_view text);

// Commands for the standard input of `nix repl`: ASCII lines, except for the walker's file name.
// Each is answered by its reports and then by `done`, also when an error ended it early.

/// Loads the walker and evaluates the root.
std::string walker_open_command(std::string_view walker_file, std::string_view token);
/// Visits one selected attribute path as `index`.
std::string walker_selected_command(const std::vector<std::string>& path, std::uint64_t index);
/// Visits members [first, first + count) of the set at `path`.
std::string walker_members_command(const std::vector<std::string>& path, std::uint64_t first,
                                   std::uint64_t count);
/// To be sent behind each of these.
std::string walker_done_command(std::uint64_t number, std::string_view token);

/// What was said while a command was worked off, without what its end (walker_done_command) gives
/// rise to. Nothing is left but a message of our own where the end had to interrupt the command.
std::string without_walker_end(std::string_view said);

/// A token that nobody guesses: 32 hexadecimal digits.
std::string make_walker_token();

}  // namespace grange
