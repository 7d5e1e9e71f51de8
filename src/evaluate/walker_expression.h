#pragma once

#include <string>
#include <string_view>

namespace grange {

// Names of the arguments that the expressions below take beside the user's own --arg and --argstr.
// No Nix identifier has a space, so they collide with nobody's.
inline constexpr std::string_view kFileArgument = "grange file";
inline constexpr std::string_view kExpressionArgument = "grange expression";
inline constexpr std::string_view kAttributesArgument = "grange attributes";

/// The Nix text of the walker: a function to be loaded with `:l` into `nix repl`, which then knows
/// `grangeWalker`. Its reports are described in walker_protocol.h.
std::string walker_expression();

/// The Nix text of a function whose value is the selection itself: the root, or a set with just the
/// attributes that kAttributesArgument names (a JSON list of lists). For evaluators that walk on
/// their own.
std::string selection_expression();

}  // namespace grange
