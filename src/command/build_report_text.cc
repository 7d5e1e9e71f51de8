#include "command/build_report_text.h"

#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace grange {

std::string build_product_line(const BuildProduct& product) {
  auto line = fmt::format("{} {} {}", product.type, product.subtype, printable(product.path));
  if (product.size) line += " (" + format_bytes(*product.size) + ")";
  return line;
}

void add_build_report(const BuildReport& report, nlohmann::ordered_json& json) {
  auto products = nlohmann::ordered_json::array();
  for (const auto& product : report.products) {
    if (!product.declared) continue;
    nlohmann::ordered_json entry = {{"type", product.type},
                                    {"subtype", product.subtype},
                                    {"name", product.name},
                                    {"path", product.path}};
    if (!product.default_path.empty()) entry["defaultPath"] = product.default_path;
    if (product.size) entry["size"] = *product.size;
    if (product.sha256) entry["sha256"] = product.sha256->digits(HashFormat::base16);
    products.push_back(std::move(entry));
  }
  if (!products.empty()) json["products"] = std::move(products);
  for (const auto& metric : report.metrics) {
    auto& entry = json["metrics"][metric.name];
    entry["value"] = metric.value;
    if (!metric.unit.empty()) entry["unit"] = metric.unit;
  }
  if (!report.release_name.empty()) json["releaseName"] = report.release_name;
}

}  // namespace grange
