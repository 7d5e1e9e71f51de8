#include "build/collect_outputs.h"

#include <cerrno>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "archive/nar.h"
#include "base/error.h"
#include "build/digest_rewriter.h"
#include "build/fixed_output.h"
#include "store/local_store.h"

namespace grange {
namespace {

class Collector {
 public:
  explicit Collector(const CollectRequest& request)
      : request_(request),
        shown_(request.store_dir.print(request.derivation_path)),
        candidates_(request.candidates) {
    for (const auto& place : request.places) {
      candidates_.insert(place.made_as);
      if (!place.redirected()) continue;
      promised_.emplace(place.made_as, place.promised);
      rewrites_.emplace(place.made_as.hash_part(), place.promised.hash_part());
    }
  }

  std::variant<std::vector<CollectedOutput>, BuildFailure> collect() {
    std::vector<CollectedOutput> outputs;
    for (const auto& place : request_.places) {
      if (place.present) continue;
      if (auto failure = check_file(place)) return *failure;
      try {
        canonicalise_tree(place.location, request_.builder);
      } catch (const InvalidError& error) {
        return rejected(place, error.what());
      }
      auto nar = scan(place);
      if (const auto* fixed = fixed_output(place)) {
        if (auto failure = check_fixed_output(shown_, request_.store_dir, fixed->address,
                                              place.location, nar)) {
          return *failure;
        }
      }
      outputs.push_back({place, path_info(place, std::move(nar))});
    }
    return outputs;
  }

 private:
  BuildFailure rejected(const OutputPlace& place, std::string_view reason) const {
    return {Outcome::output_rejected,
            fmt::format("output '{}' of '{}' is rejected: {}", place.name, shown_, reason)};
  }

  std::optional<BuildFailure> check_file(const OutputPlace& place) const {
    struct stat status {};
    if (::lstat(place.location.c_str(), &status) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) throw_errno("looking at", place.location.string());
      return BuildFailure{
          Outcome::failed,
          fmt::format("builder for '{}' failed to produce output path for output '{}' at '{}'",
                      shown_, place.name, request_.store_dir.print(place.promised))};
    }
    const bool foreign = request_.builder && status.st_uid != *request_.builder;
    const bool writable = !S_ISLNK(status.st_mode) && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (!foreign && !writable) return std::nullopt;
    return rejected(place, foreign ? "it does not belong to the builder"
                                   : "it is writable by its group or by all");
  }

  ScannedNar scan(const OutputPlace& place) const {
    auto nar = scan_nar(place.location, candidates_);
    if (fixed_output(place) != nullptr || !mentions_scratch_path(nar)) return nar;
    rewrite_tree(place.location, rewrites_, request_.spool_file());
    canonicalise_tree(place.location, std::nullopt);
    auto candidates = candidates_;
    for (const auto& [made_as, promised] : promised_) candidates.insert(promised);
    return scan_nar(place.location, candidates);
  }

  bool mentions_scratch_path(const ScannedNar& nar) const {
    for (const auto& path : nar.references) {
      if (promised_.contains(path)) return true;
    }
    return false;
  }

  const FixedOutput* fixed_output(const OutputPlace& place) const {
    return std::get_if<FixedOutput>(&request_.derivation.outputs.find(place.name)->second);
  }

  PathInfo path_info(const OutputPlace& place, ScannedNar nar) const {
    PathInfo info(place.promised, nar.nar.hash);
    info.nar_size = nar.nar.size;
    info.references = std::move(nar.references);
    info.deriver = request_.derivation_path;
    info.ultimate = true;
    if (const auto* fixed = fixed_output(place)) info.content_address = fixed->address;
    return info;
  }

  const CollectRequest& request_;
  std::string shown_;
  std::set<StorePath> candidates_;
  std::map<StorePath, StorePath> promised_;  ///< by scratch path
  StringRewrites rewrites_;
};

}  // namespace

std::variant<std::vector<CollectedOutput>, BuildFailure> collect_outputs(
    const CollectRequest& request) {
  return Collector(request).collect();
}

std::optional<std::pair<std::string, std::string>> find_cycle(
    const std::vector<CollectedOutput>& outputs) {
  // What each output reaches among its siblings, grown until nothing is new: there are few outputs.
  std::vector<std::set<std::size_t>> reached(outputs.size());
  const auto refers = [&](std::size_t from, std::size_t to) {
    return from != to && outputs[from].info.references.contains(outputs[to].info.path);
  };
  for (std::size_t from = 0; from < outputs.size(); ++from) {
    std::vector<std::size_t> unseen{from};
    while (!unseen.empty()) {
      const auto at = unseen.back();
      unseen.pop_back();
      for (std::size_t to = 0; to < outputs.size(); ++to) {
        if (refers(at, to) && reached[from].insert(to).second) unseen.push_back(to);
      }
    }
  }
  for (std::size_t a = 0; a < outputs.size(); ++a) {
    for (std::size_t b = a + 1; b < outputs.size(); ++b) {
      if (reached[a].contains(b) && reached[b].contains(a)) {
        return std::pair(outputs[a].place.name, outputs[b].place.name);
      }
    }
  }
  return std::nullopt;
}

}  // namespace grange
