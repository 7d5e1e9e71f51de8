#include "pages/equivalents_view.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/path_links.h"

namespace grange {

ApiJson equivalents_view(const PageCall& call, const ApiJson& output_set,
                         const std::string& derivation) {
  if (!output_set.is_string()) return nullptr;
  const auto set = output_set.get<std::string>();
  ApiJson others = ApiJson::array();
  try {
    const auto answer = call.get("/api/v1/output-sets/" + set);
    for (const auto& recipe : answer["recipes"]) {
      const auto name = recipe["derivation"].get<std::string>();
      if (name == derivation) continue;
      others.push_back({{"name", name},
                        {"url", store_path_url(name)},
                        {"system", recipe["system"]},
                        {"differenceUrl", derivation_url(name) + "/diff/" + url_part(derivation)}});
    }
  } catch (const NotFoundError&) {
    return nullptr;
  }
  return {{"set", set},
          {"url", "/output-set/" + set},
          {"any", !others.empty()},
          {"others", std::move(others)}};
}

ApiJson realisations_view(const ApiJson& realisations) {
  return rows_of(realisations, [](const ApiJson& one) -> ApiJson {
    const auto path = one["path"].get<std::string>();
    const auto name = path.substr(path.rfind('/') + 1);
    return {{"output", one["drvOutput"]},
            {"apiUrl", "/api/v1/realisations/" + url_part(one["drvOutput"].get<std::string>())},
            {"url", store_path_url(name)},
            {"name", name},
            {"signatures", one["signatures"]}};
  });
}

}  // namespace grange
