#include "pages/project_facts.h"

#include <nlohmann/json.hpp>

namespace grange {

ProjectFacts project_facts(const ApiJson& project) {
  return {project["hidden"].get<bool>(), project["owner"].get<std::string>(),
          project["members"].get<std::vector<std::string>>()};
}

ApiJson deletion_view(const std::string& what, const std::string& api, const std::string& then) {
  return {{"what", what}, {"api", api}, {"then", then}};
}

}  // namespace grange
