#include "pages/rights_view.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "serve/identity.h"

namespace grange {
namespace {

std::string_view about(Role role) {
  switch (role) {
    case Role::admin:
      return "everything";
    case Role::create_projects:
      return "make projects, which are then theirs";
    case Role::restart_jobs:
      return "restart any build";
    case Role::bump_to_front:
      return "put any build before all others";
    case Role::cancel_build:
      return "cancel any build";
    case Role::eval_jobset:
      return "have any jobset evaluated";
  }
  return "";
}

std::string_view about(Scope scope) {
  switch (scope) {
    case Scope::read:
      return "see what is hidden from others";
    case Scope::admin:
      return "administer accounts, machines and the queue";
    case Scope::create_projects:
      return "make projects";
    case Scope::write_projects:
      return "change projects and jobsets";
    case Scope::restart_jobs:
      return "restart builds";
    case Scope::bump_to_front:
      return "put builds before all others";
    case Scope::cancel_build:
      return "cancel builds";
    case Scope::eval_jobset:
      return "have jobsets evaluated";
  }
  return "";
}

template <typename Names>
ApiJson view_of(const Names& names, const std::vector<std::string>& given) {
  ApiJson rows = ApiJson::array();
  for (const auto& [value, name] : names) {
    const bool is_given = std::find(given.begin(), given.end(), name) != given.end();
    rows.push_back({{"name", name}, {"about", about(value)}, {"given", is_given}});
  }
  return rows;
}

}  // namespace

ApiJson roles_view(const std::vector<std::string>& given) {
  return view_of(kRoles, given);
}

ApiJson scopes_view(const std::vector<std::string>& given) {
  return view_of(kScopes, given);
}

}  // namespace grange
