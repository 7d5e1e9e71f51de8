#include "build/local_builder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/check.h"
#include "build/attempt.h"
#include "build/attempt_context.h"
#include "build/build_area.h"
#include "build/builder_identity.h"
#include "build/make_outputs.h"
#include "build/requirements.h"

namespace grange {
namespace {

/// Makes outputs by running the builder here.
class LocalMaker final : public OutputMaker {
 public:
  LocalMaker(const AttemptContext& context, BuildObserver& observer, const std::stop_token& stop)
      : context_(context), observer_(observer), stop_(stop) {}

  std::optional<BuildFailure> unmet(const BuildRequest& request,
                                    const DerivationAttributes& attributes) override {
    const auto& config = context_.config;
    const auto shown = context_.store.store_dir().print(request.derivation_path);
    auto unmet = unmet_requirement(
        shown, *request.derivation, attributes, request.policy,
        {config.system, config.extra_platforms, config.features, config.host_paths});
    if (!unmet && context_.nested == nullptr && asks_for_nested_store(attributes)) {
      unmet = {Outcome::unsupported,
               fmt::format("cannot build '{}': its builder asks for a store of its own ({}), which "
                           "only a daemon serves",
                           shown, kNestedStoreFeature)};
    }
    return unmet;
  }

  /// The builder's identity.
  void prepare(const BuildRequest& request, const DerivationAttributes& attributes) override {
    const auto world = build_world(*request.derivation, attributes, request.policy);
    if (context_.pool == nullptr || world == BuildWorld::builtin) return;
    identity_ = BuilderIdentity(*context_.pool, stop_);
    if (world == BuildWorld::unsandboxed) identity_.enter_store(context_.store.location());
  }

  MakingEnd make(const BuildRequest& request, const DerivationAttributes& attributes,
                 const PathLocks& locks, const std::set<StorePath>& valid) override {
    return make_outputs(context_, request, attributes, locks, valid, identity_, observer_, stop_);
  }

  MakingEnd check(const BuildRequest& request, const DerivationAttributes& attributes,
                  const PathLocks& locks, const std::set<StorePath>& valid) override {
    const auto made_again = request.policy.mode == BuildPolicy::Mode::repair ? MadeAgain::replaces
                                                                             : MadeAgain::discarded;
    return check_outputs(context_, request, attributes, locks, valid, made_again, identity_,
                         observer_, stop_);
  }

 private:
  const AttemptContext& context_;
  BuildObserver& observer_;
  const std::stop_token& stop_;
  BuilderIdentity identity_;
};

class LocalBuilder final : public Builder {
 public:
  LocalBuilder(LocalStore& eval_store, LocalStore& store, Launcher& launcher, const Clock& clock,
               LocalBuilderConfig config, NestedStores* nested)
      : config_(complete(std::move(config))), area_(store), context_{eval_store, store,   launcher,
                                                                     clock,      config_, area_,
                                                                     nullptr,    nested} {
    if (!config_.run_as_pool) return;
    pool_.emplace(UidPool::kMachineDirectory);
    context_.pool = &*pool_;
  }

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    GRANGE_CHECK(request.derivation != nullptr);
    LocalMaker maker(context_, observer, stop);
    return run_attempt({context_.eval_store, context_.store, context_.clock}, maker, request,
                       observer, stop);
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

BuildPolicy local_policy(const LocalBuilderConfig& config, BuildPolicy::Sandbox sandbox) {
  BuildPolicy policy;
  policy.sandbox = sandbox;
  if (sandbox != BuildPolicy::Sandbox::unsandboxed) {
    policy.host_paths = config.host_paths;
    for (const auto& path : config.sandbox_paths) {
      policy.sandbox_paths.push_back(path.to_string());
    }
  }
  policy.features = config.features;
  std::sort(policy.sandbox_paths.begin(), policy.sandbox_paths.end());
  std::sort(policy.features.begin(), policy.features.end());
  std::sort(policy.host_paths.begin(), policy.host_paths.end());
  return policy;
}

std::unique_ptr<Builder> make_local_builder(LocalStore& eval_store, LocalStore& store,
                                            Launcher& launcher, const Clock& clock,
                                            LocalBuilderConfig config, NestedStores* nested) {
  return std::make_unique<LocalBuilder>(eval_store, store, launcher, clock, std::move(config),
                                        nested);
}

}  // namespace grange
