#pragma once

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "database/database.h"

namespace grange {

/// A way to a database that somebody else keeps. Thread safe as far as the two functions are.
class DatabaseAccess {
 public:
  using Use = std::function<void(Database&)>;
  using Lend = std::function<void(const Use&)>;

  /// `reading` lends a database for reads that see one moment; `writing` one in a transaction that
  /// is committed when the use returns and rolled back when it throws. It may call a use again when
  /// the transaction could not be committed.
  DatabaseAccess(Lend reading, Lend writing)
      : reading_(std::move(reading)), writing_(std::move(writing)) {}

  template <typename F>
  auto read(F use) const {
    return with(reading_, use);
  }
  template <typename F>
  auto write(F use) const {
    return with(writing_, use);
  }

 private:
  template <typename F>
  static auto with(const Lend& lend, F& use) {
    using Result = std::invoke_result_t<F&, Database&>;
    if constexpr (std::is_void_v<Result>) {
      lend([&](Database& database) { use(database); });
    } else {
      std::optional<Result> result;
      lend([&](Database& database) { result.emplace(use(database)); });
      return *std::move(result);
    }
  }

  Lend reading_;
  Lend writing_;
};

}  // namespace grange
