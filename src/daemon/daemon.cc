#include "daemon/daemon.h"

#include <algorithm>
#include <utility>

#include "base/environment.h"
#include "build/leftovers.h"
#include "build/local_builder.h"
#include "store/lookup_cache.h"
#include "store/trust.h"

namespace grange {
namespace {

constexpr unsigned kFetchesAtOnce = 8;

void sign_realisation(const std::vector<SecretKey>& keys, Realisation& realisation) {
  const auto fingerprint = realisation.fingerprint();
  for (const auto& key : keys) realisation.signatures.insert(key.sign(fingerprint));
}

/// Signs what an attempt has made, before anybody hears that it is there.
class SigningBuilder final : public Builder {
 public:
  SigningBuilder(std::unique_ptr<Builder> builder, LocalStore& store,
                 const std::vector<SecretKey>& keys)
      : builder_(std::move(builder)), store_(store), keys_(keys) {}

  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override {
    auto result = builder_->build(request, observer, std::move(stop));
    if (!result.good() || result.already_valid || result.check) return result;
    std::vector<Realisation> realisations;
    for (auto& [name, realisation] : result.realisations) {
      sign_realisation(keys_, realisation);
      realisations.push_back(realisation);
    }
    store_.register_realisations(realisations);
    for (const auto& [name, path] : result.outputs) {
      const auto info = store_.path_info(path);
      if (!info) continue;
      std::vector<std::string> signatures;
      for (const auto& key : keys_) {
        signatures.push_back(key.sign(path_fingerprint(store_.store_dir(), *info)));
      }
      store_.add_signatures(path, signatures);
    }
    return result;
  }

 private:
  std::unique_ptr<Builder> builder_;
  LocalStore& store_;
  const std::vector<SecretKey>& keys_;
};

LookupCacheOptions lookups_of(const DaemonSettings& settings) {
  LookupCacheOptions options;
  options.file = settings.location.own_state() / "lookups.sqlite";
  options.positive = settings.positive_lookups;
  options.negative = settings.negative_lookups;
  return options;
}

}  // namespace

Daemon::Daemon(DaemonSettings settings, std::filesystem::path launcher, const Clock& clock,
               std::function<void(const std::string&)> note, std::stop_token stop,
               const MakeGranter& make_granter)
    : settings_(std::move(settings)),
      launcher_program_(std::move(launcher)),
      clock_(clock),
      note_(std::move(note)),
      store_(LocalStore::open(settings_.location, settings_.store)) {
  if (settings_.content_addressed) store_->keep_realisations();
  store_->optimise_additions(settings_.optimise_additions);
  StoreOpening opening;
  opening.store_dir = store_->store_dir();
  opening.warn = note_;
  opening.remote.netrc_file = settings_.builder.netrc;
  opening.remote.environment = process_environment();
  opening.remote.stop = stop;
  opening.remote.lookups =
      std::make_shared<LookupCache>(lookups_of(settings_), std::make_shared<SystemClock>(), note_);
  substituters_.emplace(std::move(opening), kFetchesAtOnce);
  builds_.emplace(
      *store_, [this](LocalStore& session) { return make_builder(session); },
      std::max(settings_.max_jobs, 1U),
      [this](Realisation& realisation) { sign_realisation(settings_.secret_keys, realisation); });
  if (make_granter) granter_ = make_granter(*builds_, *store_);
  WishGranter& granter = granter_ ? *granter_ : *builds_;
  context_.emplace(DaemonContext{*store_, granter, *substituters_, settings_, stop});
  nested_context_.emplace(
      DaemonContext{*store_, *builds_, *substituters_, settings_, std::move(stop)});
  nested_.emplace(*nested_context_);
}

/// Builders end first, since their own clients use all of it.
Daemon::~Daemon() {
  granter_.reset();
  builds_.reset();
}

std::unique_ptr<Builder> Daemon::make_builder(LocalStore& session) {
  std::call_once(started_, [this] {
    clean_build_leftovers(*store_);
    LauncherConfig config;
    config.program = launcher_program_;
    const auto& location = store_->location();
    if (location.relocated()) {
      config.store_dir = location.store_dir.str();
      config.physical_store = location.real_store;
    }
    launcher_ = Launcher::start(config);
  });
  auto config = settings_.builder;
  config.keep_beside_valid = true;
  if (settings_.builders_as_us && settings_.sandbox == BuildPolicy::Sandbox::unsandboxed) {
    config.run_as_pool = false;
  }
  auto builder =
      make_local_builder(session, session, *launcher_, clock_, std::move(config), &*nested_);
  if (settings_.secret_keys.empty()) return builder;
  return std::make_unique<SigningBuilder>(std::move(builder), session, settings_.secret_keys);
}

}  // namespace grange
