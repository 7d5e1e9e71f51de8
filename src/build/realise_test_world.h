#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "build/realise.h"
#include "plan/test_graph.h"
#include "store/local_store.h"

namespace grange {

/// Keeps what it hears of a realisation, by the names of derivations.
class RecordingRealiseObserver final : public RealiseObserver {
 public:
  explicit RecordingRealiseObserver(const DerivationGraph& graph) : graph_(graph) {}

  void attempt_started(DerivationIndex recipe) override {
    started.push_back(name(recipe));
    on_started(name(recipe));
  }
  void attempt_finished(DerivationIndex recipe, const BuildResult& result) override {
    ended.emplace_back(name(recipe), result);
  }
  void log(DerivationIndex recipe, std::string_view data) override {
    const std::lock_guard lock(mutex_);
    logs_[name(recipe)] += data;
  }
  void phase(DerivationIndex recipe, std::string_view phase) override {
    const std::lock_guard lock(mutex_);
    phases_[name(recipe)].emplace_back(phase);
  }
  void want_finished(std::size_t request, const Plan::Finished& finished) override {
    told.emplace_back(request, finished.outcome);
  }
  void progress(const Plan::Counts& now) override { counts = now; }

  std::string logged(const std::string& of) const {
    const std::lock_guard lock(mutex_);
    const auto found = logs_.find(of);
    return found == logs_.end() ? "" : found->second;
  }

  std::vector<std::string> started;
  std::vector<std::pair<std::string, BuildResult>> ended;
  std::vector<std::pair<std::size_t, Outcome>> told;
  Plan::Counts counts;
  std::function<void(const std::string&)> on_started = [](const std::string&) {};

 private:
  std::string name(DerivationIndex recipe) const {
    return std::string(graph_.path(recipe).derivation_name());
  }

  const DerivationGraph& graph_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> logs_;
  std::map<std::string, std::vector<std::string>> phases_;
};

/// Puts the files of a test graph where `realise` reads them.
inline void write_derivations(const TestGraph& tests, LocalStore& eval_store) {
  for (std::size_t number = 0; number < tests.size(); ++number) {
    write_file(eval_store.real_path(tests.path(number)), tests.text(number));
  }
}

}  // namespace grange
