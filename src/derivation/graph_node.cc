#include "derivation/graph_node.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "derivation/content_address.h"

namespace grange {
namespace {

std::string path_mismatch(std::string_view what, std::string_view specified, std::string_view got) {
  return std::string(what)
      .append(": specified '")
      .append(specified)
      .append("', got '")
      .append(got)
      .append("'");
}

bool has_output(const GraphData::Node& node, std::string_view name) {
  return std::any_of(node.outputs.begin(), node.outputs.end(),
                     [&](const auto& output) { return output.name == name; });
}

bool may_need_features(const GraphWork& work) {
  const auto& variables = work.fields.variables;
  return std::any_of(variables.begin(), variables.end(), [&](const auto& variable) {
    const auto key = variable.key.of(work.text);
    return key == "requiredSystemFeatures" || key == "__json";
  });
}

}  // namespace

void NodeComputer::parse(GraphWork& work) {
  auto& node = work.entry->node;
  work.outputs.clear();
  try {
    if (!node.base_name.ends_with(".drv") ||
        !is_store_path_name(GraphData::derivation_name(node))) {
      throw InvalidError("its file name is not NAME.drv");
    }
    read_aterm(store_, work.text, work.fields);
    if (work.fields.outputs.empty()) throw InvalidError("it has no outputs");
    work.parsed = true;
    node.kind = work.fields.kind;
    node.may_need_features = may_need_features(work);
    if (check_own_paths_) check_own_path(work);
  } catch (const InvalidError& error) {
    work.problem = error.message();
    if (!work.parsed) return;
  }
  for (const auto& output : work.fields.outputs) {
    work.outputs.push_back({output.name.of(work.text), false, {}});
  }
  work.input_hashes.clear();
  for (const auto& input : work.fields.inputs) {
    work.input_hashes.push_back(table_.hash(base_name(input.path, work.text)));
  }
}

void NodeComputer::check_own_path(GraphWork& work) {
  const std::string_view text = work.text;
  fingerprint_ = "text";
  auto input = work.fields.inputs.begin();
  auto source = work.fields.sources.begin();
  while (input != work.fields.inputs.end() || source != work.fields.sources.end()) {
    std::string_view path;
    if (source == work.fields.sources.end()) {
      path = (input++)->path.of(text);
    } else if (input == work.fields.inputs.end()) {
      path = (source++)->of(text);
    } else if (input->path.of(text) < source->of(text)) {
      path = (input++)->path.of(text);
    } else {
      path = (source++)->of(text);
      if (input->path.of(text) == path) ++input;
    }
    fingerprint_.append(1, ':').append(path);
  }
  const auto& base_name = work.entry->node.base_name;
  const auto name = base_name.substr(StorePath::kHashLength + 1);
  const StorePath path = make_store_path(store_, fingerprint_, sha256(text), name);
  if (path.base_name() == base_name) return;
  throw InvalidError(path_mismatch("store path of the text", base_name, path.base_name()));
}

void NodeComputer::compute(GraphWork& work) {
  if (!work.problem.empty()) return;
  auto& node = work.entry->node;
  try {
    node.state = State::verified;
    if (!take_input_states(work)) node.state = State::unverified;
    if (node.state == State::verified) {
      check_input_outputs(work);
      compute_modulo(work);
    }
    compute_outputs(work);
  } catch (const InvalidError& error) {
    work.problem = error.message();
    node.has_hash_modulo = false;
    node.has_output_set = false;
  }
}

bool NodeComputer::take_input_states(GraphWork& work) const {
  auto& entry = *work.entry;
  const bool dynamic = !work.fields.dynamic.empty();
  const bool fixed = work.fields.kind == DerivationKind::fixed;
  const bool impure = work.fields.kind == DerivationKind::impure;
  entry.paths_unknown = impure || work.fields.kind == DerivationKind::floating;
  entry.outputs_opaque = impure;
  if (!fixed && dynamic) entry.paths_unknown = entry.outputs_opaque = true;
  for (const GraphEntry* input : work.inputs) {
    if (input->node.state != State::verified) {
      entry.node.has_broken_input = true;
      entry.node.broken_input =
          input->node.state == State::unverified ? input->node.broken_input : input->number;
      return false;
    }
    if (fixed) continue;
    entry.paths_unknown |= input->paths_unknown;
    entry.outputs_opaque |= input->outputs_opaque;
  }
  return true;
}

void NodeComputer::check_input_outputs(GraphWork& work) const {
  const std::string_view text = work.text;
  const auto check = [&](std::size_t input, TextSpan name) {
    const auto& node = work.inputs[input]->node;
    if (has_output(node, name.of(text))) return;
    throw InvalidError("offset " + std::to_string(name.offset) + ": it asks for output '" +
                       std::string(name.of(text)) + "' of '" + std::string(node.base_name) +
                       "', which has no such output");
  };
  for (std::size_t i = 0; i < work.inputs.size(); ++i) {
    const auto& input = work.fields.inputs[i];
    for (std::uint32_t n = 0; n < input.name_count; ++n) {
      check(i, work.fields.names[input.first_name + n]);
    }
  }
  for (const auto& dynamic : work.fields.dynamic) {
    if (dynamic.depth == 1) check(dynamic.input, dynamic.output);
  }
}

void NodeComputer::compute_modulo(GraphWork& work) {
  auto& entry = *work.entry;
  const std::string_view text = work.text;
  HashModulo modulo{};
  switch (work.fields.kind) {
    case DerivationKind::fixed: {
      const auto& output = work.fields.outputs.front();
      modulo = fixed_hash_modulo(output.method.of(text), output.digest.of(text),
                                 output.path.of(text));  // compute_outputs checks the path
      break;
    }
    case DerivationKind::impure:
      modulo = impure_hash_modulo();
      break;
    case DerivationKind::input_addressed:
    case DerivationKind::floating:
    case DerivationKind::deferred:
      if (!work.fields.dynamic.empty()) return;
      modulos_.clear();
      for (const GraphEntry* input : work.inputs) {
        if (!input->node.has_hash_modulo) return;
        modulos_.push_back(&input->unmasked);
      }
      modulo = hasher_.hash(text, work.fields, modulos_);
  }
  entry.node.has_hash_modulo = true;
  entry.node.hash_modulo = modulo.masked;
  entry.unmasked = modulo.unmasked;
}

void NodeComputer::compute_outputs(GraphWork& work) {
  const auto& entry = *work.entry;
  const std::string_view text = work.text;
  const auto name = GraphData::derivation_name(entry.node);
  std::vector<StorePath> paths;
  if (work.fields.kind == DerivationKind::fixed) {
    const auto& output = work.fields.outputs.front();
    const auto promise = ContentMethodAlgorithm::parse(output.method.of(text));
    const Hash hash(promise.algorithm, *base16_decode(output.digest.of(text)));
    paths.push_back(make_content_addressed_path(store_, name, {promise.method, hash}));
  } else if (work.fields.kind == DerivationKind::input_addressed &&
             entry.node.state == State::verified) {
    if (entry.paths_unknown) {
      throw InvalidError("it states output paths that cannot be known before its inputs are built");
    }
    for (const auto& output : work.fields.outputs) {
      paths.push_back(make_output_path(store_, entry.node.hash_modulo, output.name.of(text), name));
    }
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    check_output(work, i, paths[i]);
    work.outputs[i].path_known = true;
    const auto hash = paths[i].hash_part();
    std::copy(hash.begin(), hash.end(), work.outputs[i].path_hash.begin());
  }
  compute_output_set(work, paths);
}

void NodeComputer::check_output(GraphWork& work, std::size_t index, const StorePath& path) const {
  const std::string_view text = work.text;
  const auto& output = work.fields.outputs[index];
  const auto name = output.name.of(text);
  if (base_name(output.path, text) != path.base_name()) {
    throw InvalidError(path_mismatch("path of output '" + std::string(name) + "'",
                                     output.path.of(text), store_.print(path)));
  }
  for (const auto& variable : work.fields.variables) {
    if (variable.key.length != output.name.length || variable.key.of(text) != name) continue;
    if (variable.value.of(text) == output.path.of(text)) return;
    throw InvalidError(path_mismatch("environment variable of output '" + std::string(name) + "'",
                                     variable.value.of(text), output.path.of(text)));
  }
  throw InvalidError("there is no environment variable for output '" + std::string(name) + "'");
}

void NodeComputer::compute_output_set(GraphWork& work, const std::vector<StorePath>& paths) const {
  auto& entry = *work.entry;
  // Rule 3 of the rules of identity: nothing with dynamic inputs has an output set before it is
  // resolved; not even a fixed one, though what lies above that one may.
  if (entry.outputs_opaque || !work.fields.dynamic.empty()) return;
  if (!entry.node.has_hash_modulo) return;
  const std::string_view text = work.text;
  std::optional<ContentAddress> address;
  if (work.fields.kind == DerivationKind::fixed) {
    const auto& output = work.fields.outputs.front();
    const auto promise = ContentMethodAlgorithm::parse(output.method.of(text));
    address = {promise.method, Hash(promise.algorithm, *base16_decode(output.digest.of(text)))};
  }
  std::vector<PromisedOutput> promised;
  for (std::size_t i = 0; i < work.fields.outputs.size(); ++i) {
    promised.push_back({.name = work.fields.outputs[i].name.of(text),
                        .kind = work.fields.kind,
                        .path = paths.empty() ? nullptr : &paths[i],
                        .address = address ? &*address : nullptr,
                        .hash_modulo = &entry.node.hash_modulo});
  }
  entry.node.output_set = compute_output_set_id(store_, promised).bytes();
  entry.node.has_output_set = true;
}

}  // namespace grange
