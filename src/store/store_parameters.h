#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "store/store_reference.h"

namespace grange {

/// The parameters of one reference, as those ask for them who open it; what nobody asked for is
/// left in the end. Those that read throw InvalidError.
class StoreParameters {
 public:
  explicit StoreParameters(const StoreReference& reference) : reference_(reference) {}

  std::optional<std::string> text(std::string_view key);
  bool flag(std::string_view key, bool otherwise);
  int number(std::string_view key, int otherwise);
  void warn_of_others(const std::function<void(const std::string&)>& warn) const;

 private:
  const StoreReference& reference_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace grange
