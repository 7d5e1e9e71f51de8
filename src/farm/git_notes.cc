#include "farm/git_notes.h"

#include "base/error.h"
#include "base/text.h"
#include "farm/map_note.h"

namespace grange {
namespace {

std::string ref_option() {
  return "--ref=" + std::string(kNotesReference);
}

}  // namespace

std::map<CommitId, std::string> GitNotes::list() const {
  const std::string text = git_.run({"notes", ref_option(), "list"});
  std::map<CommitId, std::string> notes;
  for (const auto line : split(text, '\n')) {
    const auto words = split_words(line);
    if (words.size() != 2) continue;
    // Whoever wrote the tree of notes may have put anything into it.
    const auto blob = CommitId::try_parse(words[0]);
    const auto commit = CommitId::try_parse(words[1]);
    if (blob && commit) notes.emplace(*commit, blob->str());
  }
  return notes;
}

std::string GitNotes::read_blob(const std::string& blob) const {
  const auto size = parse_number(trim(git_.run({"cat-file", "-s", blob})));
  if (!size || *size > kMaxMapNoteSize) {
    throw InvalidError("the note is larger than " + format_bytes(kMaxMapNoteSize));
  }
  return git_.run({"cat-file", "blob", blob});
}

std::optional<std::string> GitNotes::read(const CommitId& commit) const {
  const auto notes = list();
  const auto found = notes.find(commit);
  if (found == notes.end()) return std::nullopt;
  return read_blob(found->second);
}

void GitNotes::write(const CommitId& commit, std::string_view text) const {
  git_.run({"notes", ref_option(), "add", "--force", "--file=-", "--", commit.str()}, text);
}

}  // namespace grange
