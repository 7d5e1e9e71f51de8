#include "command/terminal_output.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "command/drv_command_files.h"

namespace grange {
namespace {

constexpr std::string_view kName = "\x1b[1m", kGone = "\x1b[31m", kCame = "\x1b[32m",
                           kWarning = "\x1b[33m", kPlain = "\x1b[0m";
constexpr std::string_view kDifference = "      ", kCause = "  ";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string in(std::string_view colour, std::string_view text) {
  return std::string(colour).append(text).append(kPlain);
}

/// "field: - old + new" or "field: old → new".
std::string coloured_difference(std::string_view line) {
  const auto colon = line.find(": ");
  const auto begin = colon == line.npos ? kDifference.size() : colon + 2;
  std::string text(line.substr(0, begin));
  auto rest = line.substr(begin);
  if (const auto arrow = rest.find(" → "); arrow != rest.npos) {
    const auto after = arrow + std::string_view(" → ").size();
    return text + in(kGone, rest.substr(0, arrow)) + " → " + in(kCame, rest.substr(after));
  }
  while (!rest.empty()) {
    const bool added = rest.starts_with("+ ");
    if (!added && !rest.starts_with("- ")) return text + std::string(rest);
    const auto end = std::min({rest.find(" + ", 2), rest.find(" - ", 2), rest.size()});
    text += in(added ? kCame : kGone, rest.substr(0, end));
    rest.remove_prefix(end);
    if (!rest.empty()) {
      text += ' ';
      rest.remove_prefix(1);
    }
  }
  return text;
}

std::string coloured_line(std::string_view line) {
  const auto warning = line.find("SUSPICIOUS");
  if (line.starts_with(kDifference)) return coloured_difference(line);
  if (warning != line.npos) {
    return std::string(line.substr(0, warning)) + in(kWarning, line.substr(warning));
  }
  if (line.starts_with(kCause) && line.size() > 2 && line[2] != ' ') return in(kName, line);
  return std::string(line);
}

}  // namespace

OutputStyle OutputStyle::of_stdout() {
  OutputStyle style;
  if (::isatty(STDOUT_FILENO) == 0) return style;
  const auto term = environment("TERM");
  style.colour = environment("NO_COLOR").empty() && !term.empty() && term != "dumb";
  style.pager = environment("GRANGE_PAGER");
  if (style.pager.empty()) style.pager = environment("PAGER");
  if (style.pager.empty() && term != "dumb") style.pager = "less -FRX";
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) style.rows = size.ws_row;
  return style;
}

std::string coloured(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    result += coloured_line(text.substr(0, end));
    if (end == text.size()) break;
    result += '\n';
    text.remove_prefix(end + 1);
  }
  return result;
}

void print_answer(const std::string& text, const OutputStyle& style) {
  const std::string shown = style.colour ? coloured(text) : text;
  const auto lines = static_cast<std::size_t>(std::count(shown.begin(), shown.end(), '\n'));
  if (style.pager.empty() || style.rows == 0 || lines < style.rows) {
    grange::print_result(shown);
    return;
  }
  // Whoever leaves the pager before the end has read enough.
  ::signal(SIGPIPE, SIG_IGN);
  // The command is the user's own: PAGER may hold options, as everywhere.
  std::FILE* pager = ::popen(style.pager.c_str(), "w");
  if (pager == nullptr) {
    grange::print_result(shown);
    return;
  }
  std::fwrite(shown.data(), 1, shown.size(), pager);
  const int status = ::pclose(pager);
  // 127: the shell found no such program.
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) grange::print_result(shown);
}

}  // namespace grange
