#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "derivation/derivation.h"
#include "derivation/output_set.h"

namespace grange {

/// Reads the text of one .drv file into `text` (replacing its content); false when there is none.
/// Called from several threads at once. An Error about this one file (invalid, corrupt, denied,
/// system) makes that derivation malformed; any other exception ends the loading.
using DerivationReader = std::function<bool(const StorePath& path, std::string& text)>;

/// The index of a derivation in one graph.
using DerivationIndex = std::uint32_t;

struct GraphOptions {
  unsigned threads = 0;  ///< 0: as many as there are processors
  /// Also recompute each .drv's own store path from its text (`drv verify`).
  bool check_own_paths = false;
  /// Keep what `extend` needs: some 40 bytes for each derivation.
  bool may_grow = false;
  /// Loading ends with CancelledError soon after a stop was requested.
  std::stop_token stop = {};
};

struct GraphData;

/// Everything that is known of whole closures of derivations, in flat arrays: texts are read in
/// parallel, used and dropped. All hash modulos, output paths and output sets come from one pass,
/// recomputed (rule 2 of the rules of identity), never from what a .drv states.
///
/// A derivation that is missing or unreadable stays in the graph with its problem; what lies above
/// it is *unverified* and has no output set. Immutable once loaded, but for `extend`. Indices
/// depend only on the roots and the texts, never on the timing of threads, and inputs have smaller
/// ones than what uses them.
class DerivationGraph {
 public:
  enum class State : std::uint8_t {
    verified,    ///< everything below was read and everything recomputed
    unverified,  ///< something below it is missing or broken
    missing,     ///< there is no such file
    malformed,   ///< the file does not parse, or states outputs that are wrong; see problem()
    cyclic,      ///< it is part of a cycle, or above one
  };
  struct Edge {
    DerivationIndex input;
    std::uint32_t first_output_name;  ///< internal: see input_outputs()
    std::uint32_t output_name_count;
  };

  /// Loads the closures of `roots`. Problems of single derivations are values in the graph; only
  /// what concerns the whole run (out of memory, a reader that throws) is thrown.
  static DerivationGraph load(const StoreDir& store, std::span<const StorePath> roots,
                              const DerivationReader& reader, const GraphOptions& options = {});

  /// Adds the closures of further roots to a graph that was loaded with `may_grow`. What is in it
  /// keeps its index, its spans and its views, and stays as it was found, broken or not; what
  /// comes has larger indices. Nobody may look at the graph meanwhile. When this throws, the graph
  /// must not be used any more.
  void extend(std::span<const StorePath> roots, const DerivationReader& reader,
              const GraphOptions& options = {});

  ~DerivationGraph();
  DerivationGraph(DerivationGraph&&) noexcept;
  DerivationGraph& operator=(DerivationGraph&&) noexcept;

  const StoreDir& store_dir() const;
  std::size_t size() const;
  std::optional<DerivationIndex> find(const StorePath& path) const;
  StorePath path(DerivationIndex index) const;
  /// Of the derivation's path, "DIGEST-NAME.drv"; valid as long as the graph.
  std::string_view base_name(DerivationIndex index) const;
  /// "NAME"; valid as long as the graph.
  std::string_view derivation_name(DerivationIndex index) const;

  State state(DerivationIndex index) const;
  /// Why it is malformed, missing or cyclic, with the offset or the path specified and got.
  std::string_view problem(DerivationIndex index) const;
  /// For an unverified one: a missing or malformed derivation below it. For a cyclic one: a part of
  /// the cycle below it, when its own path was checked and is right (nothing that really is part of
  /// a cycle can state its own path).
  std::optional<DerivationIndex> broken_input(DerivationIndex index) const;

  DerivationKind kind(DerivationIndex index) const;  ///< for verified and unverified ones
  /// What it is to be built on, as it states; empty for what could not be read.
  std::string_view system(DerivationIndex index) const;
  /// Must its attributes be read to know which features a machine for it needs? Else it needs none.
  bool may_need_features(DerivationIndex index) const;
  std::span<const Edge> inputs(DerivationIndex index) const;
  std::vector<std::string> input_outputs(const Edge& edge) const;
  std::vector<std::string> output_names(DerivationIndex index) const;
  /// Are the same outputs used? Edges of one graph.
  bool same_outputs(const Edge& a, const Edge& b) const;
  /// The digest (32 digits) in the recomputed path of an output, by its place in `output_names`;
  /// empty while it is unknown.
  std::string_view output_path_digest(DerivationIndex index, std::size_t output) const;
  /// The recomputed path; nothing while it is unknown (floating, deferred, impure, unverified).
  std::optional<StorePath> output_path(DerivationIndex index, std::string_view output) const;
  /// Masked hash modulo: the DrvOutput hash. Nothing unless verified, and where dynamic inputs
  /// leave it undefined.
  std::optional<Sha256> drv_output_hash(DerivationIndex index) const;
  /// Nothing for impure ones, for those with dynamic inputs, for what lies above either (fixed ones
  /// excepted), and unless verified.
  std::optional<OutputSetId> output_set(DerivationIndex index) const;
  /// Inputs come before those that use them. Only what is not cyclic.
  std::span<const DerivationIndex> topological_order() const;

 private:
  explicit DerivationGraph(std::unique_ptr<GraphData> data);
  std::unique_ptr<GraphData> data_;
};

}  // namespace grange
