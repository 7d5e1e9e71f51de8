#include "build/local_builder.h"

#include <optional>
#include <utility>

#include <unistd.h>

#include "base/check.h"
#include "build/attempt.h"
#include "build/attempt_context.h"
#include "build/build_area.h"

namespace grange {
namespace {

class LocalBuilder final : public Builder {
 public:
  LocalBuilder(LocalStore& eval_store, LocalStore& store, Launcher& launcher, const Clock& clock,
               LocalBuilderConfig config)
      : config_(complete(std::move(config))), area_(store), context_{eval_store, store,   launcher,
                                                                     clock,      config_, area_,
                                                                     nullptr} {
    if (!config_.run_as_pool) return;
    pool_.emplace(UidPool::kMachineDirectory);
    context_.pool = &*pool_;
  }

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    GRANGE_CHECK(request.derivation != nullptr);
    return run_attempt(context_, request, observer, stop);
  }

 private:
  static LocalBuilderConfig complete(LocalBuilderConfig config) {
    if (config.temporary.empty()) config.temporary = std::filesystem::temp_directory_path();
    return config;
  }

  LocalBuilderConfig config_;
  BuildArea area_;
  std::optional<UidPool> pool_;
  AttemptContext context_;
};

}  // namespace

std::unique_ptr<Builder> make_local_builder(LocalStore& eval_store, LocalStore& store,
                                            Launcher& launcher, const Clock& clock,
                                            LocalBuilderConfig config) {
  return std::make_unique<LocalBuilder>(eval_store, store, launcher, clock, std::move(config));
}

}  // namespace grange
