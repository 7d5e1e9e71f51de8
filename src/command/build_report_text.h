#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "derivation/build_products.h"

namespace grange {

/// One product for people: "file iso /nix/store/…/x.iso (1.2 GB)".
std::string build_product_line(const BuildProduct& product);

/// Adds the members "products" (those that were declared), "metrics" and "releaseName" to a
/// target's JSON, each where there is any.
void add_build_report(const BuildReport& report, nlohmann::ordered_json& json);

}  // namespace grange
