#include "derivation/modulo_hasher.h"

#include <algorithm>

namespace grange {
namespace {

void append_base16(std::string& out, const Sha256& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  char text[2 * sizeof(Sha256)];
  for (std::size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = kDigits[digest[i] >> 4];
    text[2 * i + 1] = kDigits[digest[i] & 15];
  }
  out.append(text, sizeof text);
}

/// Big-endian, so that numbers are ordered as bytes are.
std::uint64_t prefix_of(const Sha256& digest) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < sizeof prefix; ++i) prefix = prefix << 8 | digest[i];
  return prefix;
}

bool is_output(std::string_view text, const AtermFields& fields, TextSpan key) {
  return std::any_of(fields.outputs.begin(), fields.outputs.end(), [&](const auto& output) {
    return output.name.length == key.length && output.name.of(text) == key.of(text);
  });
}

}  // namespace

HashModulo impure_hash_modulo() {
  const auto digest = sha256("impure");
  return {digest, digest};
}

HashModulo fixed_hash_modulo(std::string_view method, std::string_view digest,
                             std::string_view path) {
  std::string text = "fixed:out:";
  text.append(method).append(1, ':').append(digest).append(1, ':').append(path);
  const auto modulo = sha256(text);
  return {modulo, modulo};
}

void ModuloHasher::collect_inputs(std::string_view text, const AtermFields& fields,
                                  std::span<const Sha256* const> inputs) {
  order_.clear();
  for (std::uint32_t i = 0; i < inputs.size(); ++i) order_.push_back({prefix_of(*inputs[i]), i});
  std::sort(order_.begin(), order_.end(), [&](const Place& a, const Place& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return *inputs[a.input] < *inputs[b.input];
  });
  inputs_.clear();
  for (std::size_t i = 0; i < order_.size();) {
    const Sha256& hash = *inputs[order_[i].input];
    names_.clear();
    std::size_t merged = 0;
    for (; i < order_.size() && *inputs[order_[i].input] == hash; ++i, ++merged) {
      const auto& input = fields.inputs[order_[i].input];
      for (std::uint32_t n = 0; n < input.name_count; ++n) {
        names_.push_back(fields.names[input.first_name + n].of(text));
      }
    }
    if (merged > 1) {
      std::sort(names_.begin(), names_.end());
      names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
    }
    inputs_.append(inputs_.empty() ? "(\"" : ",(\"");
    append_base16(inputs_, hash);
    inputs_.append("\",[");
    for (std::size_t n = 0; n < names_.size(); ++n) {
      inputs_.append(n == 0 ? "\"" : ",\"").append(names_[n]).append(1, '"');
    }
    inputs_.append("])");
  }
}

void ModuloHasher::collect_masks(std::string_view text, const AtermFields& fields) {
  masks_.clear();
  for (const auto& output : fields.outputs) {
    if (output.path.length > 0) masks_.push_back(output.path);
  }
  for (const auto& variable : fields.variables) {
    if (variable.value.length > 0 && is_output(text, fields, variable.key)) {
      masks_.push_back(variable.value);
    }
  }
}

void ModuloHasher::assemble(std::string_view text, const AtermFields& fields, bool masked) {
  assembled_.clear();
  std::uint32_t at = 0;
  bool inputs_written = false;
  const auto write_inputs = [&] {
    assembled_.append(text.substr(at, fields.input_list.offset - at)).append(inputs_);
    at = fields.input_list.end();
    inputs_written = true;
  };
  if (masked) {
    for (const TextSpan& mask : masks_) {
      if (!inputs_written && mask.offset > fields.input_list.offset) write_inputs();
      assembled_.append(text.substr(at, mask.offset - at));
      at = mask.end();
    }
  }
  if (!inputs_written) write_inputs();
  assembled_.append(text.substr(at));
}

HashModulo ModuloHasher::hash(std::string_view text, const AtermFields& fields,
                              std::span<const Sha256* const> inputs) {
  collect_inputs(text, fields, inputs);
  collect_masks(text, fields);
  HashModulo result{};
  assemble(text, fields, true);
  result.masked = sha256(assembled_);
  if (masks_.empty()) {
    result.unmasked = result.masked;
  } else {
    assemble(text, fields, false);
    result.unmasked = sha256(assembled_);
  }
  return result;
}

const std::string& ModuloHasher::text(std::string_view text, const AtermFields& fields,
                                      std::span<const Sha256* const> inputs, bool masked) {
  collect_inputs(text, fields, inputs);
  collect_masks(text, fields);
  assemble(text, fields, masked);
  return assembled_;
}

}  // namespace grange
