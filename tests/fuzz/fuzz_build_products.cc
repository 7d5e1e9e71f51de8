#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "derivation/build_products.h"

/// The files of nix-support, which no text makes fail: what is taken from them reads back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto products = parse_build_products(text);
  std::string lines;
  for (const auto& product : products) {
    lines += product.type + " " + product.subtype + " \"" + product.path + "\"";
    if (!product.default_path.empty()) lines += " " + product.default_path;
    lines += "\n";
    if (build_product_name(product.path).find('/') != std::string::npos) std::abort();
  }
  if (parse_build_products(lines) != products) std::abort();
  for (const auto& metric : parse_build_metrics(text)) {
    if (metric.name.empty() || metric.value != metric.value) std::abort();
  }
  if (const auto name = parse_release_name(text); name && parse_release_name(*name) != name) {
    std::abort();
  }
  return 0;
}
