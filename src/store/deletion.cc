#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/fault.h"
#include "store/collection.h"
#include "store/unused_links.h"

namespace grange {
namespace {

/// Paths per transaction, and about how much of them: who waits for one of them waits for no more.
constexpr std::size_t kBatchPaths = 1000;
constexpr std::uint64_t kBatchBytes = std::uint64_t{256} << 20;

}  // namespace

Deletion::Deletion(const StoreLocation& location, const CollectionOptions& options,
                   const LivenessGraph& graph, Liveness& liveness, RowRemoval& rows,
                   DeletionGate& gate, const std::stop_token& stop)
    : location_(location),
      options_(options),
      graph_(graph),
      liveness_(liveness),
      rows_(rows),
      gate_(gate),
      stop_(stop),
      has_links_(has_links(location)),
      files_(location.real_store, gate,
             options.threads == 0 ? removal_threads() : options.threads) {}

/// Of files that `.links` shares, the space comes free when that is tidied.
std::uint64_t Deletion::bytes_left() {
  if (!options_.max_freed) return std::numeric_limits<std::uint64_t>::max();
  const RemovedBytes bytes = files_.bytes();
  const std::uint64_t freed = bytes.freed + (has_links_ ? bytes.linked : 0);
  return freed >= *options_.max_freed ? 0 : *options_.max_freed - freed;
}

bool Deletion::is_over() {
  if (stop_.stop_requested()) files_.give_up();
  return stop_.stop_requested() || bytes_left() == 0;
}

void Deletion::add_to_batch(Batch& batch, LivenessGraph::Node node) {
  if (liveness_.alive(node)) return;
  if (!gate_.begin(graph_.path(node).hash_part())) {
    liveness_.mark(node);
    return;
  }
  batch.nodes.push_back(node);
  batch.rows.push_back(graph_.row(node));
  batch.nar_bytes += graph_.nar_size(node);
}

void Deletion::delete_valid(const std::vector<LivenessGraph::Node>& nodes) {
  for (auto next = nodes.begin(); next != nodes.end() && !is_over();) {
    const std::uint64_t limit = std::min(kBatchBytes, bytes_left());
    Batch batch;
    while (next != nodes.end() && batch.nodes.size() < kBatchPaths && batch.nar_bytes < limit) {
      add_to_batch(batch, *next++);
    }
    if (!batch.nodes.empty()) delete_batch(batch);
    // While files are removed, the rows of the next batch are.
    files_.wait_until_left(options_.max_freed ? 0 : kBatchPaths);
  }
}

void Deletion::delete_batch(const Batch& batch) {
  const auto refused = rows_.remove(batch.rows);
  std::vector<std::string> names;
  names.reserve(batch.nodes.size());
  for (std::size_t i = 0; i < batch.nodes.size(); ++i) {
    const auto& path = graph_.path(batch.nodes[i]);
    if (std::binary_search(refused.begin(), refused.end(), batch.rows[i])) {
      liveness_.mark(batch.nodes[i]);
      gate_.end(path.hash_part());
    } else {
      names.push_back(path.base_name());
    }
  }
  paths_ += names.size();
  files_.post(std::move(names));
}

bool Deletion::may_delete_unknown(const std::string& name) {
  if (is_busy_name(location_, name)) return false;
  const std::string digest = digest_of_name(name);
  if (digest.empty()) return true;
  if (!gate_.begin(digest)) return false;
  auto valid = rows_.database().prepare("select 1 from ValidPaths where path = ?");
  if (!valid.bind(1, location_.store_dir.str() + "/" + name).step()) return true;
  gate_.end(digest);  // registered meanwhile by somebody whose root we did not hear of
  return false;
}

void Deletion::delete_unknown(const std::vector<std::string>& names) {
  std::vector<std::string> chosen;
  const auto post = [&] {
    paths_ += chosen.size();
    files_.post(std::exchange(chosen, {}));
    files_.wait_until_left(options_.max_freed ? 0 : kBatchPaths);
  };
  for (const std::string& name : names) {
    if (is_over()) break;
    if (may_delete_unknown(name)) chosen.push_back(name);
    if (options_.max_freed ? !chosen.empty() : chosen.size() == kBatchPaths) post();
  }
  post();
}

CollectionResult Deletion::finish() {
  is_over();
  files_.wait_until_left(0);
  CollectionResult result;
  result.stopped = stop_.stop_requested();
  result.paths = paths_;
  result.bytes_freed = files_.bytes().freed;
  result.problems = files_.problems();
  if (result.stopped) return result;
  fault_point("gc.before-links");
  const RemovedLinks links = remove_unused_links(location_, stop_);
  result.links_removed = links.count;
  result.bytes_freed += links.bytes;
  return result;
}

}  // namespace grange
