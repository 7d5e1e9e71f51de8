#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace grange {

/// What an account may do anywhere; the names are Hydra's.
enum class Role { admin, create_projects, restart_jobs, bump_to_front, cancel_build, eval_jobset };

inline constexpr std::array<std::pair<Role, std::string_view>, 6> kRoles{{
    {Role::admin, "admin"},
    {Role::create_projects, "create-projects"},
    {Role::restart_jobs, "restart-jobs"},
    {Role::bump_to_front, "bump-to-front"},
    {Role::cancel_build, "cancel-build"},
    {Role::eval_jobset, "eval-jobset"},
}};

/// What a token may do of what its account may. None includes another.
enum class Scope {
  read,  ///< see what is hidden from others, and the own account
  admin,
  create_projects,
  write_projects,  ///< change projects and jobsets
  restart_jobs,
  bump_to_front,
  cancel_build,
  eval_jobset,
};

inline constexpr std::array<std::pair<Scope, std::string_view>, 8> kScopes{{
    {Scope::read, "read"},
    {Scope::admin, "admin"},
    {Scope::create_projects, "create-projects"},
    {Scope::write_projects, "write-projects"},
    {Scope::restart_jobs, "restart-jobs"},
    {Scope::bump_to_front, "bump-to-front"},
    {Scope::cancel_build, "cancel-build"},
    {Scope::eval_jobset, "eval-jobset"},
}};

std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);
std::string_view to_string(Scope scope);
std::optional<Scope> parse_scope(std::string_view text);

/// Who asks.
struct Identity {
  enum class By { nobody, session, token };
  By by = By::nobody;
  std::int64_t account = 0;
  std::string name;  ///< empty: anonymous
  std::set<Role> roles;
  std::set<Scope> scopes;  ///< of a token
  std::string csrf;        ///< of a session
  Sha256 session{};        ///< the digest of its cookie

  bool is_anonymous() const { return by == By::nobody; }
  bool has(Role role) const { return roles.contains(role); }
  /// May it use what its account has been given? Only tokens are held to scopes.
  bool allows(Scope scope) const { return by != By::token || scopes.contains(scope); }
};

/// What somebody asks to do. Each needs one scope of a token (scope_of).
enum class Permission {
  read,            ///< see a project and all below it
  create_project,  ///< who does becomes its owner
  edit_project,    ///< but not its owner and members
  change_members,  ///< of a project
  change_owner,    ///< of a project
  delete_project,
  edit_jobset,  ///< create it, too
  delete_jobset,
  restart_builds,
  bump_builds,
  cancel_builds,
  keep_builds,
  evaluate_jobset,  ///< have it evaluated
  administer,       ///< accounts, machines, the queue as a whole
};

inline constexpr std::array kPermissions{Permission::read,
                                         Permission::create_project,
                                         Permission::edit_project,
                                         Permission::change_members,
                                         Permission::change_owner,
                                         Permission::delete_project,
                                         Permission::edit_jobset,
                                         Permission::delete_jobset,
                                         Permission::restart_builds,
                                         Permission::bump_builds,
                                         Permission::cancel_builds,
                                         Permission::keep_builds,
                                         Permission::evaluate_jobset,
                                         Permission::administer};

Scope scope_of(Permission permission);

/// What permissions depend on of the project that something is asked of. A hidden jobset counts as
/// a project that is hidden.
struct ProjectFacts {
  bool hidden = false;
  std::string owner;  ///< an account's name; empty: nobody's
  std::vector<std::string> members;
};

/// The rules, after Hydra's (hydra.md §1.9):
///
/// - whoever sees a project may read it: everybody, but of a hidden one only admins, its owner and
///   its members; what one does not see one may do nothing with;
/// - admins may everything;
/// - owner and members may everything in their project, but: its owner is changed by admins, and
///   its members, and whether it or a jobset is deleted, by the owner (Hydra keeps the deletion of
///   jobsets to admins);
/// - roles allow what they name anywhere;
/// - a token allows of that what its scopes name.
///
/// `project`: null for what is asked of none.
bool may(const Identity& identity, Permission permission, const ProjectFacts* project = nullptr);

/// Throws what may not be: NotFoundError where the project is not seen, so that it cannot be told
/// from what is missing, `noun` being what was asked for ("project 'x'"); SignInError for who is
/// nobody; RefusedError otherwise.
void require(const Identity& identity, Permission permission, const ProjectFacts* project = nullptr,
             std::string_view noun = "this");

}  // namespace grange
