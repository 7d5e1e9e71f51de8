#include "command/care_options.h"

#include <cmath>
#include <optional>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/state_directory.h"

namespace grange {
namespace {

constexpr std::string_view kDigits = "0123456789.";

/// A number with at most one point, all of it.
std::optional<double> parse_decimal(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = parse_number(text.substr(0, point));
  if (!whole) return std::nullopt;
  double value = static_cast<double>(*whole);
  if (point == std::string_view::npos) return value;
  const std::string_view rest = text.substr(point + 1);
  const auto fraction = parse_number(rest);
  if (!fraction) return std::nullopt;
  return value + static_cast<double>(*fraction) / std::pow(10.0, static_cast<double>(rest.size()));
}

}  // namespace

std::uint64_t parse_byte_count(std::string_view text) {
  const auto end = text.find_first_not_of(kDigits);
  const auto number = parse_decimal(text.substr(0, end));
  std::string_view unit = end == std::string_view::npos ? "" : text.substr(end);
  if (unit.ends_with("iB")) {
    unit.remove_suffix(2);
  } else if (unit.ends_with("B")) {
    unit.remove_suffix(1);
  }
  constexpr std::string_view kUnits = "kMGT";
  double factor = 1;
  bool known = unit.empty();
  if (unit.size() == 1) {
    const auto power = unit == "K" ? 0 : kUnits.find(unit[0]);
    known = power != std::string_view::npos;
    factor = std::pow(1024.0, static_cast<double>(power) + 1);
  }
  constexpr double kMost = 9e18;
  if (!number || !known || *number * factor > kMost) {
    throw InvalidError("number of bytes: specified a number and one of k, M, G, T, got '" +
                       std::string(text) + "'");
  }
  return static_cast<std::uint64_t>(*number * factor);
}

std::chrono::seconds parse_age(std::string_view text) {
  constexpr std::uint64_t kMost = 1'000'000;
  const auto end = text.find_first_not_of(kDigits);
  const auto number = parse_number(text.substr(0, end));
  const std::string_view unit = end == std::string_view::npos ? "d" : text.substr(end);
  std::chrono::seconds one{};
  if (unit == "h") one = std::chrono::hours(1);
  if (unit == "d") one = std::chrono::hours(24);
  if (unit == "w") one = std::chrono::hours(24 * 7);
  if (!number || *number > kMost || one.count() == 0) {
    throw InvalidError("age: specified a number and one of h, d, w, got '" + std::string(text) +
                       "'");
  }
  return one * static_cast<std::int64_t>(*number);
}

StoreLocation StorePlaceOptions::location() const {
  auto root = store.empty() ? default_store_root() : std::filesystem::path(store);
  if (eval_store) root = store.empty() ? default_eval_store_root() : root;
  return StoreLocation::at_root(root, StoreDir::parse(store_dir));
}

void add_store_place_options(CLI::App& command, StorePlaceOptions& options) {
  command
      .add_option("--store", options.store,
                  "Root of the store, laid out as ROOT/nix/store (default: in the state directory; "
                  "/ means the plain /nix/store)")
      ->type_name("ROOT");
  command.add_option("--store-dir", options.store_dir, "Logical store directory")
      ->type_name("DIR")
      ->capture_default_str();
}

}  // namespace grange
