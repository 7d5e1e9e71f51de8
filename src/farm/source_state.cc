#include "farm/source_state.h"

#include "base/error.h"
#include "evaluate/selection.h"

namespace grange {
namespace {

std::optional<std::string> tracked_file(const Selection& selection) {
  if (selection.expression) return std::nullopt;
  return selection_file(selection).filename().string();
}

/// Why a run has no commit, in the place of an error that would stop it.
template <typename Action>
void tell_problem(SourceState& source, const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled) throw;
    source.commit.reset();
    source.no_commit = error.what();
  }
}

}  // namespace

SourceState look_at_source(const Selection& selection, ProcessRunner& runner,
                           std::stop_token stop) {
  SourceState source;
  tell_problem(source, [&] {
    source.repository =
        GitRepository::find(selection_directory(selection), runner, std::move(stop));
    if (!source.repository) {
      source.no_commit = "it is not in a git work tree";
      return;
    }
    source.line = selection_line(selection, source.repository->prefix());
    source.head = source.repository->head();
    if (!source.head) {
      source.no_commit = "the repository has no commit yet";
      return;
    }
    if (const auto change = source.repository->find_change(tracked_file(selection))) {
      source.no_commit = "the work tree is not clean: " + *change;
      return;
    }
    source.commit = source.head;
  });
  return source;
}

void look_again(SourceState& source, const Selection& selection) {
  if (!source.commit) return;
  tell_problem(source, [&] {
    const auto head = source.repository->head();
    const auto change = source.repository->find_change(tracked_file(selection));
    if (head == source.commit && !change) return;
    source.commit.reset();
    source.no_commit = "the work tree changed while it was evaluated: " +
                       (change ? *change : std::string("another commit is checked out"));
  });
}

}  // namespace grange
