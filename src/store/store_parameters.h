#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "store/store_reference.h"

namespace grange {

/// The parameters of one reference, as they are asked for; what nobody asked for is left in the
/// end. Keeps the reference by reference. All throw InvalidError, naming the parameter.
class StoreParameters {
 public:
  explicit StoreParameters(const StoreReference& reference) : reference_(reference) {}

  std::optional<std::string> text(std::string_view key);
  bool flag(std::string_view key, bool otherwise);
  std::optional<int> number(std::string_view key);
  int number(std::string_view key, int otherwise) { return number(key).value_or(otherwise); }

  void warn_of_others(const std::function<void(const std::string&)>& warn) const;

 private:
  const StoreReference& reference_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace grange
