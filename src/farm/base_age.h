#pragma once

#include <optional>
#include <string>

namespace grange {

/// How old something is, by its largest unit: "5 s", "12 min", "2 h", "3 days"; what lies in the
/// future (clocks differ) is 0 s old.
std::string format_age(double seconds);

/// ", 2 h old"; nothing where it is not known.
std::string age_clause(const std::optional<double>& seconds);

/// " of commit 1a2b3c4d"; nothing for what names no commit.
std::string commit_clause(const std::string& commit);

}  // namespace grange
