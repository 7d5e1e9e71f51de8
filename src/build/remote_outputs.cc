#include "build/remote_outputs.h"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/stream.h"
#include "build/address_outputs.h"
#include "build/collect_outputs.h"
#include "build/install_outputs.h"
#include "build/output_checks.h"
#include "build/output_places.h"
#include "store/nar_check.h"

namespace grange {
namespace {

/// One attempt's outputs.
class RemoteTaking {
 public:
  RemoteTaking(Store& from, LocalStore& store, const RemoteOutputs& outputs, BuildArea& areas,
               const std::stop_token& stop)
      : from_(from),
        store_(store),
        outputs_(outputs),
        stop_(stop),
        area_(areas),
        shown_(store.store_dir().print(outputs.request.derivation_path)) {}

  MakingEnd take() {
    place();
    fetch();
    auto failure = finish();
    if (failure) return {std::move(failure), ""};
    MakingEnd end;
    end.outputs = std::move(taken_);
    return end;
  }

 private:
  bool by_content() const {
    const auto kind = outputs_.request.derivation->kind();
    return kind == DerivationKind::floating || kind == DerivationKind::impure;
  }

  /// An output of unknown path stands under the path that the machine gave it, until its own is
  /// computed.
  void place() {
    const auto directory = area_.make_directory("outputs", 0700);
    std::vector<StorePath> half_made;
    for (const auto& [name, path] : outputs_.paths) {
      const bool present = !by_content() && outputs_.valid.contains(path);
      places_.push_back({name, path, path, directory / path.base_name(), present, by_content()});
      if (present) continue;
      store_.add_temporary_root(path);
      half_made.push_back(path);
      if (by_content()) {
        half_made.push_back(lock_name(outputs_.request.derivation_path, name));
      }
    }
    area_.note_outputs(half_made);
  }

  void fetch() {
    std::set<StorePath> paths;
    for (const auto& place : places_) {
      if (!place.present) paths.insert(place.made_as);
    }
    infos_ = from_.path_infos(paths);
    for (const auto& path : paths) {
      if (stop_.stop_requested()) throw CancelledError("copying outputs was cancelled");
      const auto info = infos_.find(path);
      if (info == infos_.end()) {
        throw NotFoundError("output '" + store_.store_dir().print(path) + "' of '" + shown_ +
                            "' is not in " + from_.describe());
      }
      fetch(info->second);
    }
  }

  void fetch(const PathInfo& info) {
    with_context(
        [&] {
          return fmt::format("while copying '{}' from {}", store_.store_dir().print(info.path),
                             from_.describe());
        },
        [&] {
          for (const auto& place : places_) {
            if (place.made_as != info.path) continue;
            HashSink hash(HashAlgorithm::sha256);
            from_.open_nar(info.path)->read_with([&](Source& source) {
              TeeSource tee(source, hash);
              restore_nar(place.location, tee);
            });
            check_nar(store_.store_dir(), info, hash.finish(), hash.size());
            return;
          }
        });
  }

  std::optional<BuildFailure> finish() {
    const auto& request = outputs_.request;
    auto collected = collect_outputs({*request.derivation, request.derivation_path,
                                      store_.store_dir(), places_, outputs_.input_closure,
                                      std::nullopt, [this] { return area_.spool_file(); }});
    if (auto* failure = std::get_if<BuildFailure>(&collected)) return std::move(*failure);
    auto& made = std::get<std::vector<CollectedOutput>>(collected);
    if (const auto cycle = find_cycle(made)) {
      return BuildFailure{Outcome::output_rejected,
                          fmt::format("outputs '{}' and '{}' of '{}' refer to each other",
                                      cycle->first, cycle->second, shown_)};
    }
    if (auto failure = address(made)) return failure;
    if (auto failure = check_output_references(outputs_.attributes, request.derivation_path,
                                               places_, made, store_)) {
      return failure;
    }
    for (auto& output : made) {
      output.info.ultimate = false;  // which is said of what is built here
      output.info.signatures = infos_.at(output.info.path).signatures;
      taken_.emplace(output.place.name, output.info.path);
    }
    if (by_content()) {
      install_floating_outputs(store_, made, area_, stop_);
    } else {
      install_outputs(store_, made);
    }
    return std::nullopt;
  }

  /// A path that follows from content says which content it is of: the machine's must be ours.
  std::optional<BuildFailure> address(std::vector<CollectedOutput>& made) {
    if (!by_content()) return std::nullopt;
    const auto& request = outputs_.request;
    auto failure = address_outputs({*request.derivation, request.derivation_path,
                                    store_.store_dir(), [this] { return area_.spool_file(); }},
                                   made);
    if (failure) return failure;
    for (const auto& output : made) {
      if (output.info.path == output.place.made_as) continue;
      return BuildFailure{
          Outcome::output_rejected,
          fmt::format("output '{}' of '{}' is not what its path is made of: specified '{}', got "
                      "'{}'",
                      output.place.name, shown_, store_.store_dir().print(output.place.made_as),
                      store_.store_dir().print(output.info.path))};
    }
    return std::nullopt;
  }

  Store& from_;
  LocalStore& store_;
  const RemoteOutputs& outputs_;
  const std::stop_token& stop_;
  AttemptArea area_;
  std::string shown_;
  std::vector<OutputPlace> places_;
  std::map<StorePath, PathInfo> infos_;
  std::map<std::string, StorePath> taken_;
};

}  // namespace

MakingEnd take_remote_outputs(Store& from, LocalStore& store, const RemoteOutputs& outputs,
                              BuildArea& areas, const std::stop_token& stop) {
  return RemoteTaking(from, store, outputs, areas, stop).take();
}

}  // namespace grange
