#include "farm/cache_publication.h"

#include <utility>

#include "base/error.h"
#include "farm/realised_outputs.h"
#include "store/copy.h"
#include "store/open_store.h"

namespace grange {
namespace {

class SilentCopy final : public CopyObserver {
 public:
  void planned(std::size_t, std::uint64_t) override {}
  void moved(std::uint64_t) override {}
  void copied(const PathInfo&) override {}
};

void publish(const StoreReference& cache, Workshop& workshop, const DerivationGraph& graph,
             const std::vector<DerivationIndex>& derivations, const std::set<StorePath>& outputs,
             unsigned jobs, const std::stop_token& stop, CachePublication& publication) {
  StoreOpening opening;
  opening.store_dir = workshop.config().store_dir;
  opening.write = true;
  opening.warn = workshop.config().warn;
  opening.remote = workshop.config().remote;
  opening.remote.stop = stop;
  const auto to = open_store(cache, opening);
  CopyOptions options;
  options.jobs = jobs;
  SilentCopy observer;
  const auto copied = copy_closure(workshop.store(), *to, outputs, options, observer, stop);
  const auto reader = directory_reader(workshop.eval_store().location().real_store);
  const auto ids = known_realisations(graph, derivations, reader, workshop.store());
  const auto realised = copy_realised(workshop.store(), *to, ids, options, observer, stop);
  publication.paths = copied.paths + realised.paths;
  publication.bytes = copied.bytes + realised.bytes;
  publication.realisations = realised.realisations;
}

}  // namespace

CachePublication publish_outputs(const StoreReference& cache, Workshop& workshop,
                                 const DerivationGraph& graph,
                                 const std::vector<DerivationIndex>& derivations,
                                 const std::set<StorePath>& outputs, unsigned jobs,
                                 const std::stop_token& stop) {
  CachePublication publication;
  publication.place = cache.scheme + "://" + cache.authority;  // without where its keys lie
  try {
    publish(cache, workshop, graph, derivations, outputs, jobs, stop, publication);
  } catch (const CancelledError&) {
    throw;
  } catch (const Error& error) {
    publication.problem = error.what();
  }
  return publication;
}

}  // namespace grange
