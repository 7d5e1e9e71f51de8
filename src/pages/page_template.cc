#include "pages/page_template.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "pages/shown_text.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

bool is_there(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return false;
    case Json::value_t::boolean:
      return value.get<bool>();
    case Json::value_t::string:
      return !value.get_ref<const std::string&>().empty();
    case Json::value_t::array:
      return !value.empty();
    default:
      return true;
  }
}

/// Null where there is nothing of this name.
const Json* find_in(const Json& value, const std::vector<std::string>& name) {
  const auto* found = &value;
  for (const auto& part : name) {
    if (!found->is_object()) return nullptr;
    const auto next = found->find(part);
    if (next == found->end()) return nullptr;
    found = &*next;
  }
  return found;
}

const Json* look_up(const std::vector<const Json*>& stack, const std::vector<std::string>& name) {
  if (name.empty()) return stack.back();
  for (auto at = stack.rbegin(); at != stack.rend(); ++at) {
    if (const auto* found = find_in(**at, name)) return found;
  }
  return nullptr;
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t from = 0;;) {
    const auto at = text.find_first_of("&<>\"'", from);
    out.append(text, from, at - from);
    if (at == text.npos) return;
    switch (text[at]) {
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      case '"':
        out.append("&quot;");
        break;
      default:
        out.append("&#39;");
    }
    from = at + 1;
  }
}

void append_value(std::string& out, const Json& value) {
  if (value.is_string())
    return append_escaped(out, shown_text(value.get_ref<const std::string&>()));
  if (value.is_number()) out.append(value.dump());
}

}  // namespace

PageTemplate::PageTemplate(std::string_view text) {
  std::vector<std::size_t> open;
  while (!text.empty()) {
    const auto at = text.find("{{");
    if (at > 0) nodes_.push_back({Node::Kind::text, std::string(text.substr(0, at))});
    if (at == text.npos) break;
    const auto end = text.find("}}", at);
    if (end == text.npos) throw CorruptError("a tag has no end");
    auto tag = text.substr(at + 2, end - at - 2);
    text.remove_prefix(end + 2);
    const auto refuse = [&](std::string_view why) {
      throw CorruptError("the tag '" + std::string(tag) + "' " + std::string(why));
    };
    const char kind = tag.empty() ? '\0' : tag.front();
    if (kind == '#' || kind == '^' || kind == '/') tag.remove_prefix(1);
    Node node;
    if (tag != ".") {
      for (const auto part : split(tag, '.')) {
        constexpr std::string_view kOfNames =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
        if (part.empty() || part.find_first_not_of(kOfNames) != part.npos) refuse("is no name");
        node.name.emplace_back(part);
      }
    }
    if (kind == '/') {
      if (open.empty() || nodes_[open.back()].name != node.name) refuse("ends what is not open");
      nodes_[open.back()].end = nodes_.size();
      open.pop_back();
      continue;
    }
    node.kind = kind == '#'   ? Node::Kind::section
                : kind == '^' ? Node::Kind::inverted
                              : Node::Kind::value;
    if (node.kind != Node::Kind::value) open.push_back(nodes_.size());
    nodes_.push_back(std::move(node));
  }
  if (!open.empty()) {
    throw CorruptError("the section '" + join(nodes_[open.back()].name, ".") + "' has no end");
  }
}

std::string PageTemplate::render(const Json& model) const {
  std::string out;
  Stack stack{&model};
  render(0, nodes_.size(), stack, out);
  return out;
}

void PageTemplate::render(std::size_t begin, std::size_t end, Stack& stack,
                          std::string& out) const {
  for (auto at = begin; at < end; ++at) {
    const auto& node = nodes_[at];
    switch (node.kind) {
      case Node::Kind::text:
        out.append(node.text);
        break;
      case Node::Kind::value:
        if (const auto* value = look_up(stack, node.name)) append_value(out, *value);
        break;
      case Node::Kind::section:
      case Node::Kind::inverted:
        render_section(at, stack, out);
        at = node.end - 1;
    }
  }
}

void PageTemplate::render_section(std::size_t at, Stack& stack, std::string& out) const {
  const auto& node = nodes_[at];
  const auto* value = look_up(stack, node.name);
  const bool there = value != nullptr && is_there(*value);
  if (there != (node.kind == Node::Kind::section)) return;
  const auto render_with = [&](const Json* context) {
    if (context != nullptr) stack.push_back(context);
    render(at + 1, node.end, stack, out);
    if (context != nullptr) stack.pop_back();
  };
  if (!there) return render_with(nullptr);
  if (!value->is_array()) return render_with(value->is_object() ? value : nullptr);
  for (const auto& item : *value) render_with(&item);
}

}  // namespace grange
