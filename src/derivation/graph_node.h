#pragma once

#include <string>
#include <vector>

#include "derivation/aterm_reader.h"
#include "derivation/graph_data.h"
#include "derivation/modulo_hasher.h"

namespace grange {

/// A derivation while its graph is being loaded. Written by the one thread that works on it;
/// read by others once `finished` was set under the loader's lock.
struct GraphEntry {
  static constexpr std::uint32_t kNoWaiter = 0xffffffff;

  GraphData::Node node;
  Sha256 unmasked{};
  DerivationIndex number = 0;  ///< in order of discovery
  std::uint32_t first_waiter = kNoWaiter;
  bool started = false;
  bool finished = false;
  bool paths_unknown = false;   ///< Nix calls it deferred: not fixed, and floating or above one
  bool outputs_opaque = false;  ///< no output set: impure, with dynamic inputs, or above such
};

/// What is needed of a derivation between reading it and knowing its hashes. Used again and again,
/// with its buffers.
struct GraphWork {
  GraphEntry* entry = nullptr;
  std::string text;
  AtermFields fields;
  std::vector<std::uint32_t> input_hashes;  ///< of the inputs' base names, for the table
  std::vector<GraphEntry*> inputs;
  std::size_t unfinished_inputs = 0;
  std::vector<GraphData::Output> outputs;  ///< names are still in `text`
  std::string problem;                     ///< set: the derivation is malformed
  bool parsed = false;                     ///< `fields` can be used, whatever the problem
};

/// Computes what one derivation's node holds; one per thread, for its buffers.
class NodeComputer {
 public:
  NodeComputer(const GraphData& data, bool check_own_paths)
      : store_(data.store), table_(data.table), check_own_paths_(check_own_paths) {}

  /// Parses the text and checks what does not depend on inputs. Sets `problem` when it is wrong.
  void parse(GraphWork& work);
  /// When all inputs are finished, and there is no problem: state, hashes, output paths and output
  /// set of the node.
  void compute(GraphWork& work);

 private:
  using State = DerivationGraph::State;

  void check_own_path(GraphWork& work);
  /// Is everything below verified?
  bool take_input_states(GraphWork& work) const;
  void check_input_outputs(GraphWork& work) const;
  void compute_modulo(GraphWork& work);
  void compute_outputs(GraphWork& work);
  void check_output(GraphWork& work, std::size_t index, const StorePath& path) const;
  void compute_output_set(GraphWork& work, const std::vector<StorePath>& paths) const;
  std::string_view base_name(TextSpan path, std::string_view text) const {
    return path.of(text).substr(store_.str().size() + 1);
  }

  const StoreDir& store_;
  const BaseNameTable& table_;
  bool check_own_paths_;
  ModuloHasher hasher_;
  std::vector<const Sha256*> modulos_;
  std::string fingerprint_;
};

}  // namespace grange
