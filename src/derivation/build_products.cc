#include "derivation/build_products.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kMaxLine = 8192;
constexpr std::size_t kMaxName = 255;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Takes one line apart from its beginning.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  /// Up to the next white space.
  std::string_view word() {
    const auto end = std::find_if(rest_.begin(), rest_.end(), is_space);
    return take(static_cast<std::size_t>(end - rest_.begin()));
  }

  /// A word, or anything between double quotes; nothing when the second quote is missing.
  std::optional<std::string_view> path() {
    if (!rest_.starts_with('"')) return word();
    const auto end = rest_.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    return take(end + 1).substr(1, end - 1);
  }

  bool skip_space() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_space);
    return !take(static_cast<std::size_t>(end - rest_.begin())).empty();
  }

  bool at_end() const { return rest_.empty(); }
  bool at_quote() const { return rest_.starts_with('"'); }

 private:
  std::string_view take(std::size_t size) {
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

bool is_plain(std::string_view path) {
  return !path.empty() && path.find_first_of("<>\"") == std::string_view::npos;
}

std::optional<BuildProduct> parse_product(std::string_view text) {
  Line line(text);
  BuildProduct product;
  for (auto* word : {&product.type, &product.subtype}) {
    *word = line.word();
    if (word->empty() || word->size() > kMaxName || !consists_of(*word, "_-")) return std::nullopt;
    if (!line.skip_space()) return std::nullopt;
  }
  const bool in_quotes = line.at_quote();
  const auto path = line.path();
  if (!path || path->empty() || (!in_quotes && !is_plain(*path)) ||
      path->find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  product.path = *path;
  if (line.at_end()) return product;
  if (!line.skip_space()) return std::nullopt;
  product.default_path = line.word();
  if (!is_plain(product.default_path) || !line.at_end()) return std::nullopt;
  return product;
}

std::optional<BuildMetric> parse_metric(std::string_view text) {
  std::vector<std::string_view> words;
  Line line(text);
  for (;;) {
    line.skip_space();
    if (line.at_end()) break;
    words.push_back(line.word());
  }
  if (words.size() < 2) return std::nullopt;
  BuildMetric metric;
  metric.name = words[0];
  if (metric.name.size() > kMaxName || !consists_of(metric.name, "._-")) return std::nullopt;
  const auto* end = words[1].data() + words[1].size();
  const auto [at, error] = std::from_chars(words[1].data(), end, metric.value);
  if (error != std::errc() || at != end || !std::isfinite(metric.value)) return std::nullopt;
  if (words.size() > 2 && words[2].size() <= kMaxName && consists_of(words[2], "._%-")) {
    metric.unit = words[2];
  }
  return metric;
}

}  // namespace

std::vector<BuildProduct> parse_build_products(std::string_view text) {
  std::vector<BuildProduct> products;
  for (const auto line : split(text, '\n')) {
    if (line.size() > kMaxLine) continue;
    if (products.size() == kMaxBuildProducts) break;
    if (auto product = parse_product(line)) products.push_back(*std::move(product));
  }
  return products;
}

std::vector<BuildMetric> parse_build_metrics(std::string_view text) {
  std::map<std::string, BuildMetric> by_name;
  for (const auto line : split(text, '\n')) {
    if (line.size() > kMaxLine) continue;
    if (by_name.size() == kMaxBuildMetrics) break;
    if (auto metric = parse_metric(line)) {
      auto name = metric->name;
      by_name.insert_or_assign(std::move(name), *std::move(metric));
    }
  }
  std::vector<BuildMetric> metrics;
  for (auto& [name, metric] : by_name) metrics.push_back(std::move(metric));
  return metrics;
}

std::optional<std::string> parse_release_name(std::string_view text) {
  const auto name = trim(text);
  if (name.empty() || name.size() > kMaxName || !consists_of(name, ".@:_-")) return std::nullopt;
  return std::string(name);
}

std::string build_product_name(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return consists_of(name, ".@:_ -") ? std::string(name) : std::string();
}

}  // namespace grange
