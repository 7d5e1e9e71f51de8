#include "store/store_parameters.h"

#include <charconv>

#include "base/error.h"
#include "base/text.h"

namespace grange {

std::optional<std::string> StoreParameters::text(std::string_view key) {
  asked_.emplace(key);
  const auto found = reference_.parameters.find(key);
  if (found == reference_.parameters.end()) return std::nullopt;
  return found->second;
}

bool StoreParameters::flag(std::string_view key, bool otherwise) {
  const auto value = text(key);
  if (!value) return otherwise;
  if (*value == "true" || *value == "1") return true;
  if (*value == "false" || *value == "0") return false;
  throw InvalidError("parameter '" + std::string(key) + "': specified true or false, got '" +
                     printable(*value) + "'");
}

int StoreParameters::number(std::string_view key, int otherwise) {
  const auto value = text(key);
  if (!value) return otherwise;
  int result = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), result);
  if (error != std::errc() || end != value->data() + value->size()) {
    throw InvalidError("parameter '" + std::string(key) + "': specified a number, got '" +
                       printable(*value) + "'");
  }
  return result;
}

void StoreParameters::warn_of_others(const std::function<void(const std::string&)>& warn) const {
  if (!warn) return;
  for (const auto& [key, value] : reference_.parameters) {
    if (asked_.contains(key)) continue;
    warn("'" + printable(key) + "' is no parameter of a store at " + reference_.scheme + "://");
  }
}

}  // namespace grange
