#include "command/base_options.h"

#include <CLI/CLI.hpp>

namespace grange {

void add_base_options(CLI::App& command, BaseOptions& options) {
  command
      .add_option("--base", options.base,
                  "What to compare with: last (the last complete run of the same selection), none, "
                  "the file of a target map, a git revision (git:REV where it is also a file), or "
                  "merge-base:BRANCH (where HEAD left it)")
      ->type_name("FILE|REV|merge-base:BRANCH|last|none")
      ->capture_default_str();
  command.add_flag(
      "--trust-base", options.trust_base,
      "Let the base decide skips whatever branch it is of; of a file without outcomes, "
      "take the targets for good");
  command
      .add_option("--maps", options.maps,
                  "Look for maps of commits in this directory too (repeatable)")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command.add_flag("--trust-maps", options.trust_maps,
                   "Let maps of the default branch from directories and git notes decide skips: "
                   "only those may write there who may push to that branch");
  command
      .add_option("--default-branch", options.default_branch,
                  "The branch that everything is merged into (default: origin's HEAD, main or "
                  "master, then the local ones)")
      ->type_name("BRANCH");
}

BaseChoice base_choice_of(const BaseOptions& options) {
  BaseChoice choice = BaseChoice::parse(options.base);
  choice.trusted = options.trust_base;
  choice.trust_maps = options.trust_maps;
  choice.directories.assign(options.maps.begin(), options.maps.end());
  choice.default_branch = options.default_branch;
  return choice;
}

}  // namespace grange
