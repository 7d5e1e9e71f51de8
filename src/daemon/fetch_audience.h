#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_annotations.h"
#include "daemon/build_service.h"
#include "derivation/derivation_graph.h"
#include "store/fetch_observer.h"

namespace grange {

/// Those who wait for something of one batch that is fetched.
class FetchAudience final : public FetchObserver {
 public:
  explicit FetchAudience(std::set<DerivationIndex> recipes) : recipes_(std::move(recipes)) {}

  const std::set<DerivationIndex>& recipes() const { return recipes_; }
  void add(std::shared_ptr<BuildListener> listener) {
    const MutexLock lock(mutex_);
    listeners_.push_back(std::move(listener));
  }

  std::unique_ptr<Copy> copying(const StorePath& path, std::uint64_t nar_size,
                                const std::string& from) override {
    auto copies = std::make_unique<Copies>();
    for (const auto& listener : listeners()) {
      if (auto copy = listener->copying(path, nar_size, from)) copies->add(std::move(copy));
    }
    return copies;
  }
  void problem(const std::string& message) override {
    for (const auto& listener : listeners()) listener->problem(message);
  }

 private:
  class Copies final : public Copy {
   public:
    void add(std::unique_ptr<Copy> copy) { copies_.push_back(std::move(copy)); }
    void moved(std::uint64_t bytes) override {
      for (const auto& copy : copies_) copy->moved(bytes);
    }

   private:
    std::vector<std::unique_ptr<Copy>> copies_;
  };

  std::vector<std::shared_ptr<BuildListener>> listeners() {
    const MutexLock lock(mutex_);
    return listeners_;
  }

  const std::set<DerivationIndex> recipes_;
  Mutex mutex_;
  std::vector<std::shared_ptr<BuildListener>> listeners_ GUARDED_BY(mutex_);
};

}  // namespace grange
