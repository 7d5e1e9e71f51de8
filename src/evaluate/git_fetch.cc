#include "evaluate/git_fetch.h"

#include <map>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

/// What one tree depends on.
std::string key_of_revision(const GitInput& input, const std::string& revision) {
  return std::string("git\n") + (input.submodules ? "submodules\n" : "\n") + input.uri + "\n" +
         revision;
}

/// What FetchedGit says of these.
struct FoundRevision {
  std::string revision;
  std::string reference;
  std::optional<std::string> previous;
  bool rewritten = false;
};

/// Sees to it that the specified revision is in the mirror.
FoundRevision find_revision(const GitInput& input, const GitMirror& mirror) {
  FoundRevision found;
  if (input.revision && !input.reference) {
    found.revision = *input.revision;
    if (!mirror.has(found.revision)) mirror.fetch_revision(found.revision);
    return found;
  }
  const auto tip = mirror.ask();
  found.reference = tip.reference;
  const auto before = mirror.last_fetched(tip.reference);
  const auto now = before == tip.commit ? tip.commit : mirror.fetch(tip.reference);
  if (before && *before != now) {
    found.previous = before;
    found.rewritten = !mirror.is_ancestor(*before, now);
  }
  found.revision = input.revision.value_or(now);
  if (!mirror.has(found.revision) || !mirror.is_ancestor(found.revision, now)) {
    throw NotFoundError("revision " + found.revision + " is not in the history of '" +
                        tip.reference + "' of '" + input.shown_uri +
                        "' (which may have been rewritten)");
  }
  return found;
}

std::map<std::string, std::string> facts_of(const GitMirror& mirror, const std::string& revision) {
  const auto ask = [&](std::vector<std::string> arguments) {
    arguments.push_back(revision);
    return std::string(trim(mirror.read(std::move(arguments))));
  };
  return {{"revCount", ask({"rev-list", "--count"})},
          {"gitTag", printable(ask({"describe", "--always"}))},
          {"shortRev", ask({"rev-parse", "--short"})},
          {"committed", ask({"log", "-1", "--no-show-signature", "--format=%ct"})}};
}

FetchedGit describe(FoundRevision found, const KnownTree& tree) {
  const auto fact = [&](const char* name) {
    const auto known = tree.facts.find(name);
    return known == tree.facts.end() ? std::string() : known->second;
  };
  return {tree.path,
          std::move(found.revision),
          std::move(found.reference),
          parse_number(fact("revCount")).value_or(0),
          fact("gitTag"),
          fact("shortRev"),
          std::move(found.previous),
          found.rewritten,
          parse_number(fact("committed")).value_or(0)};
}

}  // namespace

FetchedGit fetch_git(const GitInput& input, const FetchRun& run, const KnownTrees& known) {
  const GitMirror mirror(input, run);
  auto found = find_revision(input, mirror);
  const auto key = key_of_revision(input, found.revision);
  if (const auto tree = known.find(key)) return describe(std::move(found), *tree);
  auto facts = facts_of(mirror, found.revision);
  const auto work = run.space().make_work_directory();
  const auto tree = work.path() / "tree";
  mirror.check_out(found.revision, work.path(), tree);
  run.check();
  return describe(std::move(found), known.add(key, tree, std::move(facts)));
}

}  // namespace grange
