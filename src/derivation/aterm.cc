#include "derivation/aterm.h"

#include "base/encoding.h"
#include "base/error.h"
#include "derivation/aterm_reader.h"

namespace grange {
namespace {

std::string text_of(std::string_view text, TextSpan span) {
  return std::string(span.of(text));
}

DerivationOutput to_output(const StoreDir& store, std::string_view text, DerivationKind kind,
                           const AtermFields::Output& output) {
  const auto promise = [&] { return ContentMethodAlgorithm::parse(output.method.of(text)); };
  switch (kind) {
    case DerivationKind::input_addressed:
      return InputAddressedOutput{store.parse_path(output.path.of(text))};
    case DerivationKind::fixed: {
      const Hash hash(promise().algorithm, *base16_decode(output.digest.of(text)));
      return FixedOutput{{promise().method, hash}, store.parse_path(output.path.of(text))};
    }
    case DerivationKind::floating:
      return FloatingOutput{promise()};
    case DerivationKind::impure:
      return ImpureOutput{promise()};
    case DerivationKind::deferred:
      break;
  }
  return DeferredOutput{};
}

void add_names(std::string_view text, const AtermFields& fields, std::uint32_t first,
               std::uint32_t count, DerivationInput& input) {
  for (std::uint32_t i = first; i < first + count; ++i) {
    input.outputs.insert(input.outputs.end(), text_of(text, fields.names[i]));
  }
}

/// Rebuilds the trees of dynamic outputs from their preorder.
void add_dynamic(std::string_view text, const AtermFields& fields,
                 const std::vector<DerivationInput*>& inputs) {
  std::vector<DerivationInput*> open;
  for (const auto& entry : fields.dynamic) {
    open.resize(entry.depth - 1);
    auto* parent = open.empty() ? inputs[entry.input] : open.back();
    auto& child = parent->dynamic[text_of(text, entry.output)];
    add_names(text, fields, entry.first_name, entry.name_count, child);
    open.push_back(&child);
  }
}

class AtermPrinter {
 public:
  explicit AtermPrinter(const StoreDir& store) : store_(store) {}

  std::string print(const Derivation& derivation) {
    text_ += derivation.has_dynamic_inputs() ? "DrvWithVersion(\"xp-dyn-drv\"," : "Derive(";
    list(derivation.outputs, [&](const auto& output) { print_output(output); });
    text_ += ',';
    list(derivation.inputs, [&](const auto& input) {
      text_ += '(';
      path(input.first);
      text_ += ',';
      print_input(input.second, 0);
      text_ += ')';
    });
    text_ += ',';
    list(derivation.input_sources, [&](const StorePath& source) { path(source); });
    text_ += ',';
    plain(derivation.system);
    text_ += ',';
    append_aterm_string(text_, derivation.builder);
    text_ += ',';
    list(derivation.arguments,
         [&](const std::string& argument) { append_aterm_string(text_, argument); });
    text_ += ',';
    list(derivation.environment, [&](const auto& variable) {
      text_ += '(';
      append_aterm_string(text_, variable.first);
      text_ += ',';
      append_aterm_string(text_, variable.second);
      text_ += ')';
    });
    text_ += ')';
    return std::move(text_);
  }

 private:
  template <typename Container, typename Element>
  void list(const Container& elements, Element&& element) {
    text_ += '[';
    bool first = true;
    for (const auto& each : elements) {
      if (!first) text_ += ',';
      first = false;
      element(each);
    }
    text_ += ']';
  }

  void plain(std::string_view text) {
    if (text.find_first_of("\"\\\n\r\t") != std::string_view::npos) {
      throw InvalidError("'" + std::string(text) + "' cannot be written into a derivation");
    }
    text_.append(1, '"').append(text).append(1, '"');
  }
  void path(const StorePath& value) {
    text_.append(1, '"').append(store_.str()).append(1, '/');
    text_.append(value.base_name()).append(1, '"');
  }
  void name(const std::string& value) {
    check_store_path_name(value);
    plain(value);
  }

  void print_output(const std::pair<const std::string, DerivationOutput>& output) {
    text_ += '(';
    name(output.first);
    text_ += ',';
    std::visit([&](const auto& value) { print_kind(value); }, output.second);
    text_ += ')';
  }
  void print_kind(const InputAddressedOutput& output) {
    path(output.path);
    text_ += R"(,"","")";
  }
  void print_kind(const FixedOutput& output) {
    path(output.path);
    print_promise({output.address.method, output.address.hash.algorithm()},
                  output.address.hash.digits(HashFormat::base16));
  }
  void print_kind(const FloatingOutput& output) {
    text_ += R"("")";
    print_promise(output.promise, "");
  }
  void print_kind(const ImpureOutput& output) {
    text_ += R"("")";
    print_promise(output.promise, "impure");
  }
  void print_kind(const DeferredOutput&) { text_ += R"("","","")"; }
  void print_promise(const ContentMethodAlgorithm& promise, std::string_view digest) {
    text_.append(",\"").append(promise.to_string()).append("\",\"");
    text_.append(digest).append(1, '"');
  }

  void print_input(const DerivationInput& input, std::uint32_t depth) {
    if (depth > kMaxDynamicDepth) throw InvalidError("dynamic inputs are nested too deeply");
    if (input.dynamic.empty()) {
      if (input.outputs.empty()) throw InvalidError("an input of which no output is used");
      list(input.outputs, [&](const std::string& output) { name(output); });
      return;
    }
    text_ += '(';
    list(input.outputs, [&](const std::string& output) { name(output); });
    text_ += ',';
    list(input.dynamic, [&](const auto& child) {
      text_ += '(';
      name(child.first);
      text_ += ',';
      print_input(child.second, depth + 1);
      text_ += ')';
    });
    text_ += ')';
  }

  const StoreDir& store_;
  std::string text_;
};

}  // namespace

Derivation parse_aterm(const StoreDir& store, std::string_view name, std::string_view text) {
  return with_context(
      [&] { return "while reading derivation '" + std::string(name) + "'"; },
      [&] {
        AtermFields fields;
        read_aterm(store, text, fields);
        Derivation derivation;
        derivation.name = name;
        for (const auto& output : fields.outputs) {
          derivation.outputs.emplace_hint(derivation.outputs.end(), text_of(text, output.name),
                                          to_output(store, text, fields.kind, output));
        }
        std::vector<DerivationInput*> inputs;
        for (const auto& entry : fields.inputs) {
          const auto added = derivation.inputs.emplace_hint(
              derivation.inputs.end(), store.parse_path(entry.path.of(text)), DerivationInput{});
          add_names(text, fields, entry.first_name, entry.name_count, added->second);
          inputs.push_back(&added->second);
        }
        add_dynamic(text, fields, inputs);
        for (const auto& source : fields.sources) {
          derivation.input_sources.insert(derivation.input_sources.end(),
                                          store.parse_path(source.of(text)));
        }
        derivation.system = text_of(text, fields.system);
        derivation.builder = unescape_aterm(fields.builder.of(text));
        for (const auto& argument : fields.arguments) {
          derivation.arguments.push_back(unescape_aterm(argument.of(text)));
        }
        for (const auto& variable : fields.variables) {
          derivation.environment.emplace_hint(derivation.environment.end(),
                                              unescape_aterm(variable.key.of(text)),
                                              unescape_aterm(variable.value.of(text)));
        }
        return derivation;
      });
}

std::string print_aterm(const Derivation& derivation, const StoreDir& store) {
  return with_context([&] { return "while printing derivation '" + derivation.name + "'"; },
                      [&] { return AtermPrinter(store).print(derivation); });
}

void append_aterm_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        out.append(1, '\\').append(1, c);
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  out += '"';
}

StorePath derivation_path(const StoreDir& store, const Derivation& derivation) {
  return derivation_path(store, derivation, print_aterm(derivation, store));
}

StorePath derivation_path(const StoreDir& store, const Derivation& derivation,
                          std::string_view text) {
  return make_text_path(store, derivation.name + ".drv", text, derivation_references(derivation));
}

}  // namespace grange
