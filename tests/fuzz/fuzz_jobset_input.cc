#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "base/text.h"
#include "evaluate/jobset_input.h"

/// TYPE NAME, a line feed, and the value. A git input is never anything that git would take for
/// an option or a helper program, and prints as a value that reads as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto head = input.substr(0, end);
  const auto space = head.find(' ');
  if (space == std::string_view::npos) return 0;
  try {
    const auto parsed =
        parse_input({std::string(head.substr(space + 1)), parse_input_type(head.substr(0, space)),
                     std::string(input.substr(end + 1))});
    const auto* git = std::get_if<GitInput>(&parsed.value);
    if (git == nullptr) return 0;
    for (const auto& word : {git->uri, git->reference.value_or("main")}) {
      if (word.empty() || word.starts_with('-') || word.find("::") != std::string::npos ||
          printable(word) != word || split_words(word).size() != 1) {
        std::abort();
      }
    }
    const auto again = parse_input({parsed.name, InputType::git, git->to_value()});
    if (!(again == parsed)) std::abort();
  } catch (const InvalidError&) {
  }
  return 0;
}
