#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "build/realise.h"
#include "derivation/output_set.h"
#include "derivation/store_path.h"

namespace grange {

/// The jobset to which belongs what is asked for without a build: a client of the farm's daemon
/// socket, an evaluation that imports. It has no row; in the API it is ".daemon", which no jobset
/// can be called.
inline constexpr std::uint32_t kSocketJobset = 0;
inline constexpr std::string_view kSocketJobsetName = ".daemon";

/// Who waits for outputs without a build. Hears of what his wishes need, from any thread; must not
/// block, nor throw.
class WishListener {
 public:
  virtual ~WishListener() = default;

  /// Is what makes this output set, or this derivation, made for him, too?
  virtual bool needs(const std::optional<OutputSetId>& set, const StorePath& recipe) const = 0;
  /// Is it tried again for him although it is recorded that it fails?
  virtual bool tries_again() const = 0;
  virtual void attempt_started(const StorePath& recipe) = 0;
  virtual void attempt_finished(const std::optional<OutputSetId>& set, const StorePath& recipe,
                                const BuildResult& result) = 0;
  /// It is not tried: this is recorded of an earlier attempt, and lasts.
  virtual void failed_before(const std::optional<OutputSetId>& set, const StorePath& recipe,
                             const BuildResult& result) = 0;
  virtual void log(const StorePath& recipe, std::string_view data) = 0;
  virtual void phase(const StorePath& recipe, std::string_view name) = 0;
  /// What one of his wishes came to, unless it was cancelled.
  virtual void ended(std::int64_t wish, const Realised& realised,
                     std::vector<StorePath> failed_inputs) = 0;
};

}  // namespace grange
