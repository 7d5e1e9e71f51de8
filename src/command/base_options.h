#pragma once

#include <string>
#include <vector>

#include "farm/base_choice.h"

namespace CLI {
class App;
}

namespace grange {

/// What every command shares that compares with a base: --base and where it comes from.
struct BaseOptions {
  std::string base = "last";
  bool trust_base = false;
  bool trust_maps = false;
  std::vector<std::string> maps;
  std::string default_branch;
};

void add_base_options(CLI::App& command, BaseOptions& options);

/// Throws InvalidError for a base that names nothing.
BaseChoice base_choice_of(const BaseOptions& options);

}  // namespace grange
