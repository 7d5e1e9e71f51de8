#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/http_route.h"

namespace grange {

/// What the API was asked for has another name by now. A page that does not care is not found.
class MovedError : public NotFoundError {
 public:
  explicit MovedError(std::string location)
      : NotFoundError("this has another name by now"), location_(std::move(location)) {}
  /// Of the API: a path.
  const std::string& location() const noexcept { return location_; }

 private:
  std::string location_;
};

/// Where the page of a pattern ("/jobset/{project}/{jobset}/settings") with these captures is by
/// now, when the API leads from its project or jobset to `location`. Nothing where the page is of
/// neither, or would lead to itself.
std::optional<std::string> moved_page(std::string_view pattern,
                                      const PathPattern::Captures& captured, std::string_view query,
                                      std::string_view location);

}  // namespace grange
