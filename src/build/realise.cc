#include "build/realise.h"

#include "base/error.h"
#include "build/realise_engine.h"

namespace grange {

std::vector<Realised> realise(const DerivationGraph& graph, LocalStore& eval_store,
                              LocalStore& store, Builder& builder,
                              const std::vector<RealiseRequest>& requests,
                              const RealiseOptions& options, RealiseObserver& observer,
                              const std::stop_token& stop) {
  RealiseEngine engine(graph, eval_store, store, builder, options, observer);
  for (const auto& request : requests) engine.request(request);
  for (const auto recipe : options.further_recipes) engine.add_recipe(recipe);
  while (engine.turn(stop)) {
    if (!stop.stop_requested()) continue;
    const auto running = engine.give_up();
    throw CancelledError("stopped; cancelled attempts: " + std::to_string(running));
  }
  engine.register_learnt();
  std::vector<Realised> results;
  results.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) results.push_back(engine.result(i));
  return results;
}

}  // namespace grange
