#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "derivation/build_trace.h"
#include "derivation/path_info.h"
#include "derivation/realisation.h"
#include "derivation/store_path.h"
#include "store/nar_stream.h"

namespace grange {

/// Somewhere store objects and realisations are: what every kind of store can do. Thread safe.
/// Questions come in batches; what is not there is left out of the answer.
class Store {
 public:
  virtual ~Store() = default;

  virtual const StoreDir& store_dir() const = 0;
  /// How people name it: a URL or a directory.
  virtual std::string describe() const = 0;
  /// So many NARs are worth having on their way at once, more where each costs a round trip; 0:
  /// one for each processor.
  virtual unsigned transfers_at_once() const { return 0; }

  virtual std::set<StorePath> valid_among(const std::set<StorePath>& paths) = 0;
  virtual std::map<StorePath, PathInfo> path_infos(const std::set<StorePath>& paths) = 0;
  /// The NAR of a path that `path_infos` told of. Throws NotFoundError when it is gone.
  virtual std::unique_ptr<NarStream> open_nar(const StorePath& path) = 0;
  /// Adds a path whose references are valid here, or it itself. The NAR is held to the hash and
  /// size that `info` states, and nothing is visible before; whether it is to be trusted is the
  /// caller's affair. Fine when it is valid already: then `nar` may not be taken at all.
  virtual void add(const PathInfo& info, NarStream& nar) = 0;

  /// Does one request for several paths cost less here than one for each?
  virtual bool adds_together() { return false; }
  /// Where it does: adds all of these, each after those that it refers to, as `add` does. `open`
  /// gives each NAR in its turn. What was added before something fails may stay.
  virtual void add_together(
      const std::vector<const PathInfo*>& infos,
      const std::function<std::unique_ptr<NarStream>(const PathInfo&)>& open) {
    for (const auto* info : infos) add(*info, *open(*info));
  }

  virtual std::map<DrvOutput, Realisation> realisations(const std::set<DrvOutput>& ids) = 0;
  /// The same as newer Nixes keep it, by the paths of derivations; most stores have none.
  virtual std::map<BuildTraceKey, BuildTraceEntry> build_trace(
      const std::set<BuildTraceKey>& /*keys*/) {
    return {};
  }
  /// In this order. The first realisation of an id stays for good; answers those that were refused
  /// for that. Throws InvalidError when an output path is not valid.
  virtual std::vector<RealisationConflict> register_realisations(
      const std::vector<Realisation>& realisations) = 0;

  /// Adds signatures to what is known of a path; how many were new. Throws NotFoundError.
  virtual std::size_t add_signatures(const StorePath& path,
                                     const std::vector<std::string>& signatures) = 0;

  /// The log of a derivation's build; nothing when there is none.
  virtual std::optional<std::string> read_log(const StorePath& derivation) = 0;
  virtual void write_log(const StorePath& derivation, std::string_view log) = 0;
};

}  // namespace grange
