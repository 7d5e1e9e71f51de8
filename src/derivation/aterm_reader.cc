#include "derivation/aterm_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "derivation/content_address.h"

namespace grange {
namespace {

/// Ends a run of plain characters in a string: a quote, a backslash, or what must be escaped.
constexpr std::array<bool, 256> kSpecial = [] {
  std::array<bool, 256> special{};
  for (const char c : {'"', '\\', '\n', '\r', '\t'}) special[static_cast<unsigned char>(c)] = true;
  return special;
}();

class AtermReader {
 public:
  AtermReader(const StoreDir& store, std::string_view text, AtermFields& fields)
      : store_(store), text_(text), fields_(fields) {}

  void read() {
    if (text_.size() > std::numeric_limits<std::uint32_t>::max()) fail(0, "the text is too large");
    fields_.outputs.clear();
    fields_.inputs.clear();
    fields_.names.clear();
    fields_.dynamic.clear();
    fields_.sources.clear();
    fields_.arguments.clear();
    fields_.variables.clear();
    read_head();
    read_outputs();
    take(",");
    read_inputs();
    take(",");
    read_sources();
    take(",");
    fields_.system = read_plain("a system");
    take(",");
    fields_.builder = read_string();
    take(",");
    read_list([&] { fields_.arguments.push_back(read_string()); });
    take(",");
    read_variables();
    take(")");
    if (at_ != text_.size()) fail(at_, "bytes behind the derivation's end");
    if (versioned_ && fields_.dynamic.empty()) {
      fail(0, "the version is only written for dynamic inputs, and there are none");
    }
  }

 private:
  [[noreturn]] static void fail(std::size_t offset, std::string_view what) {
    throw InvalidError("offset " + std::to_string(offset) + ": " + std::string(what));
  }
  [[noreturn]] void fail_end() const { fail(text_.size(), "the text ends too early"); }

  void take(std::string_view literal) {
    if (text_.substr(at_, literal.size()) == literal) {
      at_ += static_cast<std::uint32_t>(literal.size());
      return;
    }
    if (literal.starts_with(text_.substr(at_))) fail_end();
    fail(at_, "'" + std::string(literal) + "' must stand here");
  }
  bool next_is(char c) const {
    if (at_ >= text_.size()) fail_end();
    return text_[at_] == c;
  }

  /// A bracketed list with commas between its elements.
  template <typename Element>
  void read_list(Element&& element) {
    take("[");
    if (next_is(']')) {
      ++at_;
      return;
    }
    for (;;) {
      element();
      if (next_is(']')) break;
      take(",");
    }
    ++at_;
  }

  TextSpan read_string() {
    take("\"");
    const std::uint32_t begin = at_;
    for (;;) {
      while (at_ < text_.size() && !kSpecial[static_cast<unsigned char>(text_[at_])]) ++at_;
      if (at_ >= text_.size()) fail(begin - 1, "the string that begins here does not end");
      if (text_[at_] == '"') break;
      if (text_[at_] != '\\') fail(at_, "a control character that must be escaped");
      if (at_ + 1 >= text_.size()) fail(begin - 1, "the string that begins here does not end");
      if (std::string_view("\"\\nrt").find(text_[at_ + 1]) == std::string_view::npos) {
        fail(at_, "an escape of a character that needs none");
      }
      at_ += 2;
    }
    return {begin, at_++ - begin};
  }

  /// A string that is written without escapes and so must not need any.
  TextSpan read_plain(std::string_view what) {
    const TextSpan span = read_string();
    if (span.of(text_).find('\\') != std::string_view::npos) {
      fail(span.offset, std::string(what) + " may not need escapes");
    }
    return span;
  }

  TextSpan read_output_name() {
    const TextSpan span = read_string();
    if (!is_store_path_name(span.of(text_))) {
      fail(span.offset, "'" + std::string(span.of(text_)) + "' is no output name");
    }
    return span;
  }

  std::string_view base_name(TextSpan path) const {
    return path.of(text_).substr(store_.str().size() + 1);
  }
  void check_path(TextSpan span) const {
    const auto path = span.of(text_);
    const auto& dir = store_.str();
    if (path.size() <= dir.size() || !path.starts_with(dir) || path[dir.size()] != '/') {
      fail(span.offset, "path '" + std::string(path) + "' is not in the store '" + dir + "'");
    }
    if (is_store_base_name(base_name(span))) return;
    try {
      StorePath::parse(base_name(span));
    } catch (const InvalidError& error) {
      fail(span.offset, error.message());
    }
  }

  /// `span` must come strictly behind the element before it.
  void check_order(TextSpan previous, TextSpan span) const {
    if (previous.of(text_) < span.of(text_)) return;
    fail_order(previous, span);
  }
  [[noreturn]] void fail_order(TextSpan previous, TextSpan span) const {
    const bool twice = previous.of(text_) == span.of(text_);
    fail(span.offset,
         "'" + std::string(span.of(text_)) + (twice ? "' stands here twice" : "' is not in order"));
  }

  void read_head() {
    if (!text_.empty() && text_.front() == 'D' && text_.starts_with("DrvWithVersion(")) {
      take("DrvWithVersion(");
      const TextSpan version = read_string();
      if (version.of(text_) != "xp-dyn-drv") {
        fail(version.offset,
             "unknown version '" + std::string(version.of(text_)) + "' of the derivation format");
      }
      take(",");
      versioned_ = true;
    } else {
      take("Derive(");
    }
  }

  void read_outputs() {
    read_list([&] {
      take("(");
      AtermFields::Output output;
      output.name = read_output_name();
      take(",");
      output.path = read_string();
      take(",");
      output.method = read_string();
      take(",");
      output.digest = read_string();
      take(")");
      check_output(output);
      fields_.outputs.push_back(output);
    });
  }

  void check_output(const AtermFields::Output& output) {
    const DerivationKind kind = kind_of(output);
    if (output.path.length > 0) check_path(output.path);
    if (!fields_.outputs.empty()) {
      const auto& previous = fields_.outputs.back();
      check_order(previous.name, output.name);
      if (kind != fields_.kind) fail(output.name.offset, "outputs of different kinds");
      if (kind == DerivationKind::fixed) fail(output.name.offset, "a second fixed output");
      if (previous.method.of(text_) != output.method.of(text_)) {
        fail(output.method.offset, "outputs with different methods or algorithms");
      }
    }
    if (kind == DerivationKind::fixed && output.name.of(text_) != "out") {
      fail(output.name.offset, "a fixed output must be named 'out'");
    }
    fields_.kind = kind;
  }

  DerivationKind kind_of(const AtermFields::Output& output) const {
    const auto method = output.method.of(text_);
    const auto digest = output.digest.of(text_);
    if (method.empty()) {
      if (!digest.empty()) fail(output.method.offset, "a digest without its algorithm");
      return output.path.length > 0 ? DerivationKind::input_addressed : DerivationKind::deferred;
    }
    HashAlgorithm algorithm{};
    try {
      algorithm = ContentMethodAlgorithm::parse(method).algorithm;
    } catch (const InvalidError& error) {
      fail(output.method.offset, error.message());
    }
    if (digest.empty() || digest == "impure") {
      if (output.path.length > 0) {
        fail(output.path.offset, "a path that cannot be known before the build");
      }
      return digest.empty() ? DerivationKind::floating : DerivationKind::impure;
    }
    if (output.path.length == 0) fail(output.path.offset, "a fixed output without its path");
    if (digest.size() != 2 * digest_size(algorithm) ||
        digest.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
      fail(output.digest.offset, "'" + std::string(digest) +
                                     "' is no lower-case base-16 digest of " +
                                     std::string(to_string(algorithm)));
    }
    return DerivationKind::fixed;
  }

  /// A list of output names, perhaps empty.
  std::pair<std::uint32_t, std::uint32_t> read_names() {
    const auto first = fields_.names.size();
    read_list([&] {
      const TextSpan name = read_output_name();
      if (fields_.names.size() > first) check_order(fields_.names.back(), name);
      fields_.names.push_back(name);
    });
    return {static_cast<std::uint32_t>(first),
            static_cast<std::uint32_t>(fields_.names.size() - first)};
  }

  /// The tuple form for what has dynamic outputs; depth is bounded by kMaxDynamicDepth.
  std::pair<std::uint32_t, std::uint32_t> read_node(std::uint32_t input, std::uint32_t depth) {
    const std::uint32_t begin = at_;
    if (!next_is('(')) {
      const auto names = read_names();
      if (names.second == 0) fail(begin, "an input of which no output is used");
      return names;
    }
    if (!versioned_) fail(begin, "dynamic inputs need the form with a version");
    if (depth >= kMaxDynamicDepth) fail(begin, "dynamic inputs are nested too deeply");
    take("(");
    const auto names = read_names();
    take(",");
    TextSpan previous;
    bool first = true;
    read_list([&] {
      take("(");
      const TextSpan output = read_output_name();
      if (!first) check_order(previous, output);
      first = false;
      previous = output;
      take(",");
      const auto index = fields_.dynamic.size();
      fields_.dynamic.push_back({input, depth + 1, output, 0, 0});
      const auto [first_name, name_count] = read_node(input, depth + 1);
      fields_.dynamic[index].first_name = first_name;
      fields_.dynamic[index].name_count = name_count;
      take(")");
    });
    if (first) fail(begin, "an input in the dynamic form without dynamic outputs");
    take(")");
    return names;
  }

  void read_inputs() {
    const std::uint32_t begin = at_ + 1;
    read_list([&] {
      take("(");
      AtermFields::Input input;
      input.path = read_string();
      check_path(input.path);
      if (!input.path.of(text_).ends_with(".drv")) {
        fail(input.path.offset, "an input derivation whose name does not end in '.drv'");
      }
      if (!fields_.inputs.empty()) check_order(fields_.inputs.back().path, input.path);
      take(",");
      const auto index = static_cast<std::uint32_t>(fields_.inputs.size());
      std::tie(input.first_name, input.name_count) = read_node(index, 0);
      take(")");
      fields_.inputs.push_back(input);
    });
    fields_.input_list = {begin, at_ - 1 - begin};
  }

  void read_sources() {
    read_list([&] {
      const TextSpan path = read_string();
      check_path(path);
      if (!fields_.sources.empty()) check_order(fields_.sources.back(), path);
      fields_.sources.push_back(path);
    });
  }

  void read_variables() {
    read_list([&] {
      take("(");
      AtermFields::Variable variable;
      variable.key = read_string();
      take(",");
      variable.value = read_string();
      take(")");
      if (!fields_.variables.empty()) {
        const TextSpan previous = fields_.variables.back().key;
        if (!less_unescaped(previous.of(text_), variable.key.of(text_))) {
          fail_order(previous, variable.key);
        }
      }
      fields_.variables.push_back(variable);
    });
  }

  const StoreDir& store_;
  const std::string_view text_;
  AtermFields& fields_;
  std::uint32_t at_ = 0;
  bool versioned_ = false;
};

}  // namespace

void read_aterm(const StoreDir& store, std::string_view text, AtermFields& fields) {
  AtermReader(store, text, fields).read();
}

bool less_unescaped(std::string_view raw_a, std::string_view raw_b) {
  const auto is_plain = [](std::string_view raw) { return raw.find('\\') == raw.npos; };
  if (is_plain(raw_a) && is_plain(raw_b)) return raw_a < raw_b;
  return unescape_aterm(raw_a) < unescape_aterm(raw_b);
}

std::string unescape_aterm(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return std::string(raw);
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      text += raw[i];
      continue;
    }
    const char c = raw[++i];
    text += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
  }
  return text;
}

std::optional<StoreDir> detect_store_dir(std::string_view text) {
  if (!text.starts_with("Derive(") && !text.starts_with("DrvWithVersion(")) return std::nullopt;
  // A store path stands in quotes of its own; other strings that begin with a slash (the builder)
  // only come when outputs, inputs and sources had none.
  for (std::size_t begin = text.find("\"/"); begin != std::string_view::npos;
       begin = text.find("\"/", begin + 1)) {
    const auto path = text.substr(begin + 1, text.find('"', begin + 1) - begin - 1);
    const auto slash = path.rfind('/');
    if (slash == 0 || !is_store_base_name(path.substr(slash + 1))) continue;
    try {
      return StoreDir::parse(path.substr(0, slash));
    } catch (const InvalidError&) {  // not canonical: some other string
    }
  }
  return std::nullopt;
}

}  // namespace grange
