#include "derivation/derived_path.h"

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

/// More than any derivation of derivations needs; bounds what a text can cost.
constexpr std::size_t kMaxThrough = 16;

std::set<std::string> parse_output_names(std::string_view text) {
  std::set<std::string> names;
  for (const auto name : split(text, ',')) {
    check_store_path_name(name);
    names.emplace(name);
  }
  return names;
}

void require_derivation(const StorePath& path) {
  if (!path.is_derivation()) {
    throw InvalidError("'" + path.base_name() + "' is not a derivation, so it has no outputs");
  }
}

}  // namespace

DerivedPath DerivedPath::opaque(StorePath path) {
  return {{std::move(path)}, Kind::opaque};
}

DerivedPath DerivedPath::all_of(StorePath derivation) {
  return {{std::move(derivation)}, Kind::all};
}

DerivedPath DerivedPath::outputs_of(StorePath derivation, std::set<std::string> outputs) {
  return {{std::move(derivation)}, Kind::outputs, std::move(outputs)};
}

DerivedPath DerivedPath::parse(const StoreDir& store, std::string_view text, DerivedPathForm form) {
  return with_context([&] { return "while reading derived path '" + printable(text) + "'"; },
                      [&] {
                        const auto pieces = split(text, static_cast<char>(form));
                        if (pieces.size() > kMaxThrough)
                          throw InvalidError("outputs are nested too deeply");
                        auto derived = opaque(store.parse_path(pieces.front()));
                        if (pieces.size() == 1) return derived;
                        require_derivation(derived.of.path);
                        for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
                          check_store_path_name(pieces[i]);
                          derived.of.through.emplace_back(pieces[i]);
                        }
                        derived.kind = pieces.back() == "*" ? Kind::all : Kind::outputs;
                        if (derived.kind == Kind::outputs)
                          derived.outputs = parse_output_names(pieces.back());
                        return derived;
                      });
}

std::string DerivedPath::print(const StoreDir& store, DerivedPathForm form) const {
  const char mark = static_cast<char>(form);
  auto text = store.print(of.path);
  for (const auto& output : of.through) text.append(1, mark).append(output);
  if (kind == Kind::opaque) return text;
  text += mark;
  if (kind == Kind::all) return text += '*';
  return text += join({outputs.begin(), outputs.end()}, ",");
}

DerivedPath DerivedPath::parse_old(const StoreDir& store, std::string_view text) {
  return with_context(
      [&] { return "while reading derived path '" + printable(text) + "'"; },
      [&] {
        const auto mark = text.find('!');
        auto path = store.parse_path(text.substr(0, mark));
        if (mark == std::string_view::npos) {
          return path.is_derivation() ? all_of(std::move(path)) : opaque(std::move(path));
        }
        require_derivation(path);
        return outputs_of(std::move(path), parse_output_names(text.substr(mark + 1)));
      });
}

std::string DerivedPath::print_old(const StoreDir& store) const {
  if (!of.through.empty()) {
    throw InvalidError("an older peer cannot be told of outputs of outputs of '" +
                       of.path.base_name() + "'");
  }
  if (kind == Kind::opaque && of.path.is_derivation()) {
    throw InvalidError("an older peer takes the derivation '" + of.path.base_name() +
                       "' itself for all its outputs");
  }
  if (kind == Kind::all) return store.print(of.path);
  return print(store, DerivedPathForm::wire);
}

}  // namespace grange
