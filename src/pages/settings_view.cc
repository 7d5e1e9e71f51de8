#include "pages/settings_view.h"

#include <array>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include "pages/page_values.h"

namespace grange {
namespace {

enum class SettingKind { plain, cores, seconds, bytes, floor };

struct Setting {
  std::string_view key;
  std::string_view name;
  SettingKind kind = SettingKind::plain;
};

constexpr std::array<Setting, 6> kServer{{
    {"listen", "Listens at"},
    {"baseUrl", "Found by browsers at"},
    {"state", "State directory"},
    {"evaluations", "Evaluations at once"},
    {"daemonSocket", "Daemon socket"},
    {"daemonShares", "Shares of what is asked for there"},
}};
constexpr std::array<Setting, 13> kBuild{{
    {"jobs", "Steps at once on this machine"},
    {"cores", "Cores of a step", SettingKind::cores},
    {"timeout", "Longest time of a step", SettingKind::seconds},
    {"maxSilent", "Longest silence of a step", SettingKind::seconds},
    {"maxLog", "Longest log", SettingKind::bytes},
    {"store", "Store root"},
    {"sandbox", "Sandbox"},
    {"sandboxPaths", "Seen in the sandbox"},
    {"builders", "Other machines"},
    {"substituters", "Fetches outputs from"},
    {"trustedPublicKeys", "Trusts signatures of"},
    {"minFree", "Makes space below", SettingKind::floor},
    {"maxFree", "Until so much is free", SettingKind::floor},
}};
constexpr std::array<Setting, 4> kEvaluate{{
    {"workers", "Evaluators of one evaluation"},
    {"maxMemory", "Memory of an evaluator", SettingKind::bytes},
    {"attributeTimeout", "Longest time of an attribute", SettingKind::seconds},
    {"timeout", "Longest time of an evaluation", SettingKind::seconds},
}};

std::string number_text(const ApiJson& value, SettingKind kind) {
  const auto number = value.get<double>();
  switch (kind) {
    case SettingKind::plain:
      break;
    case SettingKind::cores:
      return number == 0 ? "all" : value.dump();
    case SettingKind::seconds:
      return number == 0 ? "no limit" : duration_text(number);
    case SettingKind::bytes:
      return number == 0 ? "no limit" : size_text(value.get<std::int64_t>());
    case SettingKind::floor:
      return number == 0 ? "never" : size_text(value.get<std::int64_t>());
  }
  return value.is_number_float() && number == static_cast<double>(static_cast<std::int64_t>(number))
             ? std::to_string(static_cast<std::int64_t>(number))
             : value.dump();
}

ApiJson row_of(std::string_view name, const ApiJson& value, SettingKind kind) {
  ApiJson row{{"name", name}};
  if (value.is_array()) {
    row["lines"] = value;
    if (value.empty()) row["value"] = "none";
  } else if (value.is_number()) {
    row["value"] = number_text(value, kind);
  } else if (value.is_string()) {
    row["value"] = value;
  } else {
    row["value"] = "not set";
  }
  return row;
}

ApiJson section(std::string_view title, const ApiJson& values, std::span<const Setting> settings) {
  ApiJson rows = ApiJson::array();
  for (const auto& one : settings) {
    rows.push_back(row_of(one.name, values[std::string(one.key)], one.kind));
  }
  return {{"title", title}, {"rows", std::move(rows)}};
}

ApiJson failures_section(const ApiJson& lifetimes) {
  ApiJson rows = ApiJson::array();
  for (const auto& [outcome, seconds] : lifetimes.items()) {
    auto text = std::string("for ever");
    if (seconds.is_number()) {
      text = seconds == 0 ? "never" : duration_text(seconds.get<double>());
    }
    rows.push_back({{"name", outcome}, {"value", text}});
  }
  return {{"title", "How long failures are believed"}, {"rows", std::move(rows)}};
}

}  // namespace

ApiJson settings_view(const ApiJson& settings) {
  return {section("Server", settings["server"], kServer),
          section("Building", settings["build"], kBuild),
          section("Evaluating", settings["evaluate"], kEvaluate),
          failures_section(settings["failureLifetimes"])};
}

}  // namespace grange
