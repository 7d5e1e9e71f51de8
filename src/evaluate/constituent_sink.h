#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evaluate/evaluator.h"

namespace grange {

/// Stands between an evaluator and the sink of its caller. Counts, lets each label through once,
/// and holds aggregates back whose constituents are named by label until all labels are known: one
/// with a missing, failed or cyclic constituent is an error of its own (as in Hydra). Names become
/// labels; with globs, every label that matches but the aggregate's own.
class ConstituentSink {
 public:
  /// Gives an aggregate the derivations of the constituents that it names. An Error is the
  /// aggregate's.
  using Joins = std::function<void(EvaluatedTarget&, const std::vector<StorePath>& constituents)>;

  explicit ConstituentSink(
      TargetSink& next, Joins join = [](EvaluatedTarget&, const std::vector<StorePath>&) {})
      : next_(next), join_(std::move(join)) {}

  void target(EvaluatedTarget target);
  /// `target.constituents` holds labels and derivation paths.
  void aggregate(EvaluatedTarget target, bool globs);
  void error(EvaluationError error);
  void message(std::string_view text) { next_.message(text); }

  /// Lets go of what was held back. After an incomplete evaluation nothing is known to be missing,
  /// so aggregates pass as they are.
  void finish(bool complete);

  std::uint64_t targets() const { return targets_; }
  std::uint64_t errors() const { return errors_; }

 private:
  enum class State { good, failed, held };
  struct Held {
    EvaluatedTarget target;
    bool globs;
  };
  using HeldMap = std::map<std::string, Held, std::less<>>;

  bool is_new(const std::string& label, State state);
  std::string expand(Held& held) const;
  void resolve_all();
  void let_go(Held& held);
  void fail(Held& held, std::string why);

  struct Label {
    State state;
    std::optional<StorePath> derivation{};  ///< of a good one
  };

  TargetSink& next_;
  Joins join_;
  std::map<std::string, Label, std::less<>> labels_;
  HeldMap held_;
  std::uint64_t targets_ = 0;
  std::uint64_t errors_ = 0;
};

}  // namespace grange
