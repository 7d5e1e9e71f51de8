#include "serve/identity.h"

#include <algorithm>

#include "base/error.h"
#include "serve/problem.h"

namespace grange {
namespace {

template <typename Table, typename Value>
std::string_view name_in(const Table& table, Value value) {
  for (const auto& [have, name] : table) {
    if (have == value) return name;
  }
  return "?";
}

template <typename Value, std::size_t size>
std::optional<Value> value_in(const std::array<std::pair<Value, std::string_view>, size>& table,
                              std::string_view text) {
  for (const auto& [value, name] : table) {
    if (name == text) return value;
  }
  return std::nullopt;
}

/// The role that allows it anywhere.
std::optional<Role> role_for(Permission permission) {
  switch (permission) {
    case Permission::create_project:
      return Role::create_projects;
    case Permission::restart_builds:
      return Role::restart_jobs;
    case Permission::bump_builds:
      return Role::bump_to_front;
    case Permission::cancel_builds:
      return Role::cancel_build;
    case Permission::evaluate_jobset:
      return Role::eval_jobset;
    case Permission::read:
    case Permission::edit_project:
    case Permission::change_members:
    case Permission::change_owner:
    case Permission::delete_project:
    case Permission::edit_jobset:
    case Permission::delete_jobset:
    case Permission::keep_builds:
    case Permission::administer:
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_for_admins(Permission permission) {
  return permission == Permission::administer || permission == Permission::change_owner ||
         permission == Permission::create_project;
}

bool is_for_owners(Permission permission) {
  return permission == Permission::change_members || permission == Permission::delete_project ||
         permission == Permission::delete_jobset;
}

/// Of the account, whatever scopes a token has.
bool account_may(const Identity& identity, Permission permission, const ProjectFacts* project) {
  if (identity.is_anonymous()) return false;
  if (identity.has(Role::admin)) return true;
  const auto role = role_for(permission);
  if (role && identity.has(*role)) return true;
  if (project == nullptr || is_for_admins(permission)) return false;
  if (!project->owner.empty() && project->owner == identity.name) return true;
  if (is_for_owners(permission)) return false;
  return std::find(project->members.begin(), project->members.end(), identity.name) !=
         project->members.end();
}

bool sees(const Identity& identity, const ProjectFacts* project) {
  if (project == nullptr || !project->hidden) return true;
  return identity.allows(Scope::read) && account_may(identity, Permission::read, project);
}

}  // namespace

std::string_view to_string(Role role) {
  return name_in(kRoles, role);
}
std::optional<Role> parse_role(std::string_view text) {
  return value_in(kRoles, text);
}
std::string_view to_string(Scope scope) {
  return name_in(kScopes, scope);
}
std::optional<Scope> parse_scope(std::string_view text) {
  return value_in(kScopes, text);
}

Scope scope_of(Permission permission) {
  switch (permission) {
    case Permission::read:
      return Scope::read;
    case Permission::create_project:
      return Scope::create_projects;
    case Permission::edit_project:
    case Permission::change_members:
    case Permission::delete_project:
    case Permission::edit_jobset:
    case Permission::delete_jobset:
    case Permission::keep_builds:
      return Scope::write_projects;
    case Permission::restart_builds:
      return Scope::restart_jobs;
    case Permission::bump_builds:
      return Scope::bump_to_front;
    case Permission::cancel_builds:
      return Scope::cancel_build;
    case Permission::evaluate_jobset:
      return Scope::eval_jobset;
    case Permission::change_owner:
    case Permission::administer:
      return Scope::admin;
  }
  return Scope::admin;
}

bool may(const Identity& identity, Permission permission, const ProjectFacts* project) {
  if (!sees(identity, project)) return false;
  if (permission == Permission::read) return true;
  return identity.allows(scope_of(permission)) && account_may(identity, permission, project);
}

void require(const Identity& identity, Permission permission, const ProjectFacts* project,
             std::string_view noun) {
  if (may(identity, permission, project)) return;
  if (!sees(identity, project)) throw NotFoundError("there is no " + std::string(noun));
  if (identity.is_anonymous()) throw SignInError("this is only for who is signed in");
  if (!identity.allows(scope_of(permission))) {
    throw RefusedError("the token lacks the scope '" +
                       std::string(to_string(scope_of(permission))) + "'");
  }
  throw RefusedError("'" + identity.name + "' may not do this");
}

}  // namespace grange
