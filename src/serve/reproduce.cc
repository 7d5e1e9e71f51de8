#include "serve/reproduce.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "evaluate/input_arguments.h"
#include "evaluate/jobset_input.h"
#include "store/ssh_command.h"

namespace grange {
namespace {

/// Before what is special about a build.
constexpr std::string_view kReproduceHead = R"sh(set -eu

fail() { printf '%s\n' "reproduce: $*" >&2; exit 1; }
say() { printf '%s\n' "reproduce: $*" >&2; }

# A text as a string of the Nix language.
nix_string() { printf '"'; printf '%s' "$1" | sed 's/[\\"$]/\\&/g'; printf '"'; }

command -v nix-build >/dev/null || fail "nix-build is not there: install Nix"
work=${GRANGE_REPRODUCE_DIR:-}
if [ -n "$work" ]; then
  mkdir -p -- "$work"
  work=$(CDPATH= cd -- "$work" && pwd -P)
else
  work=$(mktemp -d "${TMPDIR:-/tmp}/reproduce.XXXXXXXXXX")
fi
say "the inputs are fetched into $work"

# Each sets `path`, the store path of input $1, and `facts`, more of its attributes.
fetch_git() { # NAME URI REVISION SUBMODULES
  say "$1: cloning $2 at $3"
  command -v git >/dev/null || fail "git is not there"
  rm -rf -- "$work/$1"
  mkdir -- "$work/$1"
  files=$work/$1/source
  git clone -q --no-checkout -- "$2" "$files" || fail "$1: $2 could not be cloned"
  git -C "$files" -c core.autocrlf=false checkout -q --detach "$3" ||
    fail "$1: there is no revision $3 in $2"
  if [ "$4" = 1 ]; then git -C "$files" submodule -q update --init --recursive; fi
  facts="rev = $(nix_string "$3");"
  facts="$facts revCount = $(git -C "$files" rev-list --count "$3");"
  facts="$facts gitTag = $(nix_string "$(git -C "$files" describe --always "$3")");"
  facts="$facts shortRev = $(nix_string "$(git -C "$files" rev-parse --short "$3")");"
  find "$files" -name .git -prune -exec rm -rf -- {} +
  add_to_store "$1" "$files"
}

fetch_tarball() { # NAME URL
  say "$1: downloading $2"
  command -v curl >/dev/null || fail "curl is not there"
  rm -rf -- "$work/$1"
  mkdir -p -- "$work/$1/unpacked"
  curl -fsSL --globoff --proto =https,http,file -o "$work/$1/archive" --url "$2" || fail "$1: $2 could not be downloaded"
  tar -xf "$work/$1/archive" -C "$work/$1/unpacked"
  files=$work/$1/source
  # A single directory at the top is not part of it.
  only=$(cd "$work/$1/unpacked" && find . ! -name . -prune)
  if [ -d "$work/$1/unpacked/$only" ] && [ "$only" != "" ]; then
    mv -- "$work/$1/unpacked/$only" "$files"
  else
    mv -- "$work/$1/unpacked" "$files"
  fi
  facts=
  add_to_store "$1" "$files"
}

copy_path() { # NAME PATH
  [ -e "$2" ] || fail "$1: it is a path of the farm's machine, and must be here, too: $2"
  say "$1: copying $2"
  rm -rf -- "$work/$1"
  mkdir -- "$work/$1"
  cp -RP -- "$2" "$work/$1/source"
  facts=
  add_to_store "$1" "$work/$1/source"
}

add_to_store() { # NAME FILES
  path=$(nix-store --add "$2") || fail "$1: it could not be added to the store"
}

# Is an input what it was?
compare_input() { # NAME EXPECTED
  if [ "$path" != "$2" ]; then say "$1: NOTE: it is $path here, it was $2"; fi
}
)sh";

/// Behind it: `run PROGRAM…` calls that with the expression and everything it gets.
constexpr std::string_view kReproduceTail = R"sh(
[ -e "$expression" ] || fail "there is no $expression"
derivation=$(run nix-instantiate) || fail "it does not evaluate"
derivation=${derivation%%!*}
if [ "$derivation" = "$expected" ]; then
  say "the derivation is the same: $derivation"
else
  say "NOTE: the derivation is $derivation here, it was $expected"
fi

# What the same is with Grange, which takes no -I: the expression gets its inputs by --arg.
show() {
  printf '%s' "reproduce: with Grange: grange build -f" >&2
  skip=
  for word in "$@"; do
    if [ -n "$skip" ]; then skip=; continue; fi
    if [ "$word" = -I ]; then skip=1; continue; fi
    printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" >&2
  done
  printf '\n' >&2
}
run show
run nix-build "$@"
)sh";

/// A part of an attribute path, as -A takes it.
std::string attribute_part(const std::string& part) {
  const bool plain = !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (plain) return part;
  return "\"" + replace_all(replace_all(part, "\\", "\\\\"), "\"", "\\\"") + "\"";
}

/// In a comment no line may end.
std::string comment_text(std::string_view text) {
  return printable(text);
}

std::optional<ParsedInput> parsed_input(const EvaluationInputRow& input) {
  try {
    return parse_input({input.name, parse_input_type(input.type), input.value});
  } catch (const InvalidError&) {
    return std::nullopt;
  }
}

/// The call that fetches it; nothing for an input without files.
std::optional<std::string> fetch_call(const EvaluationInputRow& input) {
  const auto parsed = parsed_input(input);
  const auto call = [&](std::string_view function, const std::vector<std::string>& words) {
    std::string text(function);
    for (const auto& word : words) text += " " + shell_word(word);
    return text;
  };
  if (input.type == to_string(InputType::git)) {
    const auto* git = parsed ? std::get_if<GitInput>(&parsed->value) : nullptr;
    return call("fetch_git", {input.name, input.uri, input.revision,
                              git != nullptr && git->submodules ? "1" : "0"});
  }
  if (input.type == to_string(InputType::tarball)) {
    return call("fetch_tarball", {input.name, input.uri});
  }
  if (input.type == to_string(InputType::path)) {
    const auto* path = parsed ? std::get_if<PathInput>(&parsed->value) : nullptr;
    return call("copy_path", {input.name, path != nullptr ? path->path.string() : input.uri});
  }
  return std::nullopt;
}

/// What fetches input `number` into variables of its own; empty for one without files.
std::string fetch_lines(const EvaluationInputRow& input, std::size_t number,
                        const ReproducedBuild& build) {
  const auto fetch = fetch_call(input);
  if (!fetch) return "";
  auto text = *fetch + "\n";
  if (!input.store_path.empty()) {
    text += fmt::format("compare_input {} {}\n", shell_word(input.name),
                        shell_word(build.store_dir + "/" + input.store_path));
  }
  text += fmt::format("path_{0}=$path\nfacts_{0}=$facts\n", number);
  if (input.name == build.expression_input) {
    text += "expression=$path/" + shell_word(build.expression_path) + "\n";
  }
  return text;
}

/// The words that Nix gets of input `number`, as Hydra gives them.
std::string argument_words(const EvaluationInputRow& input, std::size_t number) {
  const auto name = shell_word(input.name);
  if (!fetch_call(input)) {
    const bool is_string = input.type == to_string(InputType::string);
    return fmt::format("{} {} {}", is_string ? "--argstr" : "--arg", name, shell_word(input.value));
  }
  const auto more =
      "; inputType = " + nix_string(input.type) + "; uri = " + nix_string(input.uri) + "; ";
  return fmt::format(
      "-I {0}=\"$path_{1}\" --arg {0} '{{ outPath = builtins.storePath '\"$path_{1}\"{2}"
      "\"$facts_{1} }}\"",
      name, number, shell_word(more));
}

}  // namespace

std::string reproduce_script(const ReproducedBuild& build) {
  std::vector<std::string> parts;
  for (const auto& part : build.attribute_path) parts.push_back(attribute_part(part));
  std::string text = "#!/bin/sh\n";
  text += fmt::format("# Makes build {} again: {} for {}.\n", build.build, comment_text(build.job),
                      comment_text(build.system));
  text += fmt::format("# From {}\n", comment_text(build.source));
  text +=
      "# Words given to this script go to nix-build: sh SCRIPT --keep-failed\n"
      "# Inputs are fetched into a temporary directory, or into $GRANGE_REPRODUCE_DIR.\n";
  text += kReproduceHead;
  text += "\nexpected=" + shell_word(build.derivation) + "\n";
  text += "attribute=" + shell_word(join(parts, ".")) + "\n";
  text += "expression=\n";
  text += "\n";
  std::string run = "\n# Calls a program with the expression and all its inputs.\nrun() {\n";
  run += "  \"$@\" \"$expression\" -A \"$attribute\"";
  std::size_t number = 0;
  for (const auto& input : build.inputs) {
    if (!is_input_name(input.name)) {
      throw InvalidError("'" + printable(input.name) + "' is no name of an input");
    }
    text += fetch_lines(input, ++number, build);
    run += " \\\n    " + argument_words(input, number);
  }
  text += run + "\n}\n";
  text += kReproduceTail;
  if (text.find('\0') != text.npos) throw InvalidError("a script cannot have a NUL");
  return text;
}

}  // namespace grange
