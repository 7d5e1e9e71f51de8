#include "daemon/basic_derivation.h"

#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/hash_modulo.h"

namespace grange {
namespace {

/// Passes on what one attempt says.
class ListenerObserver final : public BuildObserver {
 public:
  ListenerObserver(BuildListener& listener, const StorePath& path)
      : listener_(listener), path_(path) {}
  void log(std::string_view data) override { listener_.log(path_, data); }
  void phase(std::string_view name) override { listener_.phase(path_, name); }

 private:
  BuildListener& listener_;
  const StorePath& path_;
};

GrantedWish granted_by(const BuildResult& result) {
  GrantedWish granted;
  granted.outcome = result.outcome;
  granted.message = result.message;
  granted.log_tail = result.log_tail;
  granted.outputs = result.outputs;
  granted.realisations = result.realisations;
  granted.made = !result.already_valid;
  granted.start = result.start;
  granted.stop = result.stop;
  return granted;
}

}  // namespace

BasicDerivation BasicDerivation::check(const StoreDir& store, const WireDerivation& sent) {
  BasicDerivation basic{sent.path, sent.derivation, print_aterm(sent.derivation, store)};
  const auto modulo = hash_modulo(store, basic.derivation, no_inputs);
  const auto kind = basic.derivation.kind();
  if (kind == DerivationKind::deferred) {
    throw InvalidError("derivation '" + store.print(sent.path) +
                       "' states no output paths, and cannot be built without its inputs");
  }
  if (modulo && kind != DerivationKind::impure) basic.hash = modulo->hash.masked;
  try {
    if (modulo) check_derivation(store, basic.derivation, *modulo);
    basic.complete = modulo.has_value();
  } catch (const InvalidError&) {
    if (kind != DerivationKind::input_addressed) throw;
  }
  if (basic.complete) basic.path = derivation_path(store, basic.derivation);
  return basic;
}

GrantedWish build_basic(LocalStore& session, WishGranter& builds, const BasicDerivation& basic,
                        const BuildTerms& terms, BuildListener& listener,
                        const std::stop_token& stop) {
  BuildRequest request{basic.path, &basic.derivation, {}, {}, {}, terms.policy, terms.limits};
  BuildResult result;
  try {
    std::set<StorePath> outputs;
    for (const auto& [name, output] : basic.derivation.outputs) {
      const auto path = basic.derivation.stated_path(name).value();
      request.output_paths.emplace(name, path);
      request.wanted.insert(name);
      outputs.insert(path);
    }
    session.add_temporary_roots(outputs);
    session.add_temporary_roots(basic.derivation.input_sources);
    request.input_paths = basic.derivation.input_sources;
    const auto valid = session.valid_among(request.input_paths);
    for (const auto& path : request.input_paths) {
      if (valid.contains(path)) continue;
      throw InvalidError("path '" + session.store_dir().print(path) + "' is not valid");
    }
    if (session.keeps_realisations()) request.drv_output_hash = basic.hash;
    if (terms.policy.mode == BuildPolicy::Mode::normal && session.valid_among(outputs) == outputs) {
      result.outcome = Outcome::good;
      result.already_valid = true;
      result.outputs = request.output_paths;
      return granted_by(result);
    }
    if (!terms.may_build) {
      throw UnavailableError(
          "unable to start any build; either increase '--max-jobs' or enable remote builds");
    }
    ListenerObserver observer(listener, basic.path);
    listener.attempt_started(basic.path);
    result = builds.attempt(session, request, observer, stop);
  } catch (const Error& error) {
    result.outcome = error.kind() == ErrorKind::invalid ? Outcome::unsupported : Outcome::aborted;
    result.message = error.what();
  }
  listener.attempt_finished(basic.path, result);
  return granted_by(result);
}

}  // namespace grange
