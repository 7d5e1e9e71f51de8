#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "http/conditional.h"
#include "http/etag.h"
#include "http/url.h"
#include "serve/api_routes.h"
#include "serve/hydra_pages.h"
#include "serve/hydra_routes.h"
#include "serve/output_file.h"

namespace grange {
namespace {

/// What builds make is foreign: shown by a browser it is of no site, runs nothing and sends
/// nothing.
constexpr std::string_view kProductPolicy =
    "sandbox; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; frame-ancestors 'none'";

/// A product of the build in the path, with its number and where the build's outputs are.
struct FoundProduct {
  std::int64_t build = 0;
  std::size_t number = 0;
  BuildProduct product;
  std::map<std::string, StorePath> outputs;
};

using ProductChoice = std::function<bool(std::size_t, const BuildProduct&)>;

FoundProduct find_product(const ApiCall& call, const ProductChoice& choice) {
  return call.farm().database().read([&](Database& database) {
    const auto seen = seen_build(call, database, call.number("id"));
    Builds builds(database);
    std::size_t number = 0;
    for (auto& product : builds.report(seen.build.id).products) {
      ++number;
      if (!choice(number, product)) continue;
      return FoundProduct{seen.build.id, number, std::move(product), builds.outputs(seen.build.id)};
    }
    throw NotFoundError("the build has no such product");
  });
}

/// A redirect to a path, which is encoded here.
ServerResponse product_redirect(std::string_view path) {
  ServerResponse response;
  response.status = 302;
  response.headers.set("Location", percent_encode(path, "/"));
  response.headers.set("Cache-Control", "no-cache");
  return response;
}

ServerResponse file_answer(const ApiCall& call, FileBody file, std::string_view name) {
  const auto type = media_type_of_name(name);
  ServerResponse response;
  response.headers.set("Content-Type", type);
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", kProductPolicy);
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("ETag", EntityTag::strong(std::to_string(file.version)).text());
  if (type == "application/octet-stream") {
    response.headers.set("Content-Disposition", "attachment");
  }
  response.body = std::move(file);
  return apply_conditions(call.http.request, std::move(response));
}

/// What is at `rest` below the product. Of a directory, its index.html, under a path with a slash
/// at its end, so that what is linked there is found.
ServerResponse serve_product(const ApiCall& call, const FoundProduct& found,
                             std::string_view rest) {
  auto& store = call.farm().workshop().store();
  for (const auto& [name, output] : found.outputs) {
    const auto top = store.store_dir().print(output);
    std::string_view within = found.product.path;
    if (!within.starts_with(top)) continue;
    within.remove_prefix(top.size());
    if (!within.empty() && !within.starts_with('/')) continue;
    std::string path(within.substr(within.empty() ? 0 : 1));
    if (!rest.empty()) path += (path.empty() ? "" : "/") + std::string(rest);
    const auto real = store.real_path(output);
    auto file = open_output_file(real, path);
    if (file.body) {
      return file_answer(call, *std::move(file.body), path.empty() ? output.name() : path);
    }
    if (!call.http.request.target.path.ends_with('/')) {
      return product_redirect(call.http.request.target.path + "/");
    }
    file = open_output_file(real, path + "/index.html");
    if (!file.body) throw NotFoundError("there is a directory");
    return file_answer(call, *std::move(file.body), "index.html");
  }
  throw NotFoundError("the product is in none of the build's outputs");
}

/// NAME/DEFAULT: what Hydra's URLs of a product have behind its number.
std::string shown_rest(const BuildProduct& product) {
  std::string rest;
  if (!product.name.empty()) rest += "/" + product.name;
  if (!product.default_path.empty()) rest += "/" + product.default_path;
  return rest;
}

ServerResponse shown_product(const FoundProduct& found, std::string_view rest) {
  return product_redirect(
      hydra_path("/build/", found.build, "download/" + std::to_string(found.number)) +
      shown_rest(found.product) + std::string(rest));
}

/// The product is named by its number, and then its name, if it has one, follows in the path; or by
/// its name alone.
ServerResponse hydra_download(ApiCall& call) {
  const auto& named = call.text("product");
  const auto number = parse_number(named);
  const auto found = find_product(call, [&](std::size_t at, const BuildProduct& product) {
    return number ? *number == at : product.name == named;
  });
  std::string_view rest = call.text("rest");
  if (rest.empty() && number && !shown_rest(found.product).empty()) {
    return shown_product(found, "");
  }
  if (number && !found.product.name.empty()) {
    const auto slash = rest.find('/');
    rest = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
  }
  return serve_product(call, found, rest);
}

ServerResponse hydra_download_by_type(ApiCall& call) {
  const auto found = find_product(call, [&](std::size_t, const BuildProduct& product) {
    return product.type == call.text("type") && product.subtype == call.text("subtype");
  });
  const auto& rest = call.text("rest");
  return shown_product(found, rest.empty() ? "" : "/" + rest);
}

ServerResponse get_product(ApiCall& call) {
  const auto number = call.number("number");
  const auto found = find_product(
      call, [&](std::size_t at, const BuildProduct&) { return std::cmp_equal(number, at); });
  return serve_product(call, found, call.text("rest"));
}

}  // namespace

void add_product_routes(Router& router, const ApiContext& context) {
  for (const std::string rest : {"", "/{rest*}"}) {
    add_api_route(router, context, RequestMethod::get,
                  "/api/v1/builds/{id}/products/{number}" + rest, get_product);
    add_hydra_route(router, context, RequestMethod::get, "/build/{id}/download/{product}" + rest,
                    hydra_download);
    add_hydra_route(router, context, RequestMethod::get,
                    "/build/{id}/download-by-type/{type}/{subtype}" + rest, hydra_download_by_type);
  }
}

}  // namespace grange
