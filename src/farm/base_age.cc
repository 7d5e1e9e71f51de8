#include "farm/base_age.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "farm/commit_id.h"

namespace grange {

std::string format_age(double seconds) {
  const double age = std::clamp(seconds, 0.0, 1e11);
  const auto whole = [&](double unit) {
    return static_cast<std::uint64_t>(std::floor(age / unit));
  };
  if (age < 60) return std::to_string(whole(1)) + " s";
  if (age < 3600) return std::to_string(whole(60)) + " min";
  if (age < 2 * 86400) return std::to_string(whole(3600)) + " h";
  return plural(whole(86400), "day");
}

std::string age_clause(const std::optional<double>& seconds) {
  return seconds ? ", " + format_age(*seconds) + " old" : "";
}

std::string commit_clause(const std::string& commit) {
  const auto id = CommitId::try_parse(commit);
  return id ? " of commit " + id->short_str() : "";
}

}  // namespace grange
