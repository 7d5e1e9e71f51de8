#include "serve/identity.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"
#include "serve/problem.h"

namespace grange {
namespace {

using P = Permission;

Identity signed_in_as(const std::string& name, std::set<Role> roles = {}) {
  Identity identity;
  identity.by = Identity::By::session;
  identity.account = 7;
  identity.name = name;
  identity.roles = std::move(roles);
  return identity;
}

Identity with_token(Identity identity, std::set<Scope> scopes) {
  identity.by = Identity::By::token;
  identity.scopes = std::move(scopes);
  return identity;
}

std::set<Scope> every_scope() {
  std::set<Scope> scopes;
  for (const auto& [scope, name] : kScopes) scopes.insert(scope);
  return scopes;
}

std::set<Permission> allowed_to(const Identity& identity, const ProjectFacts* project) {
  std::set<Permission> found;
  for (const auto permission : kPermissions) {
    if (may(identity, permission, project)) found.insert(permission);
  }
  return found;
}

const ProjectFacts kOpenProject{.hidden = false, .owner = "olga", .members = {"mia", "max"}};
const ProjectFacts kHiddenProject{.hidden = true, .owner = "olga", .members = {"mia", "max"}};
const std::set<Permission> kEveryPermission(kPermissions.begin(), kPermissions.end());
const std::set<Permission> kMembersPermissions{
    P::read,        P::edit_project,  P::edit_jobset, P::restart_builds,
    P::bump_builds, P::cancel_builds, P::keep_builds, P::evaluate_jobset};

std::set<Permission> owners_permissions() {
  auto permissions = kMembersPermissions;
  permissions.insert({P::change_members, P::delete_project, P::delete_jobset});
  return permissions;
}

struct MayCase {
  std::string what;
  Identity identity;
  std::set<Permission> without;  ///< a project
  std::set<Permission> open;
  std::set<Permission> hidden;
};

std::vector<MayCase> every_may_case() {
  const auto role_case = [](Role role, P permission) {
    return MayCase{"role " + std::string(to_string(role)),
                   signed_in_as("zoe", {role}),
                   {P::read, permission},
                   {P::read, permission},
                   {}};
  };
  return {
      {"anonymous", {}, {P::read}, {P::read}, {}},
      {"no role", signed_in_as("zoe"), {P::read}, {P::read}, {}},
      {"owner", signed_in_as("olga"), {P::read}, owners_permissions(), owners_permissions()},
      {"member", signed_in_as("mia"), {P::read}, kMembersPermissions, kMembersPermissions},
      {"admin", signed_in_as("ada", {Role::admin}), kEveryPermission, kEveryPermission,
       kEveryPermission},
      role_case(Role::create_projects, P::create_project),
      role_case(Role::restart_jobs, P::restart_builds),
      role_case(Role::bump_to_front, P::bump_builds),
      role_case(Role::cancel_build, P::cancel_builds),
      role_case(Role::eval_jobset, P::evaluate_jobset),
  };
}

TEST(May, EveryRoleAndPermission) {
  for (const auto& one : every_may_case()) {
    SCOPED_TRACE(one.what);
    EXPECT_EQ(allowed_to(one.identity, nullptr), one.without);
    EXPECT_EQ(allowed_to(one.identity, &kOpenProject), one.open);
    EXPECT_EQ(allowed_to(one.identity, &kHiddenProject), one.hidden);
  }
}

TEST(May, ATokenWithEveryScopeMayWhatItsAccountMay) {
  for (const auto& one : every_may_case()) {
    if (one.identity.is_anonymous()) continue;
    SCOPED_TRACE(one.what);
    const auto token = with_token(one.identity, every_scope());
    EXPECT_EQ(allowed_to(token, nullptr), one.without);
    EXPECT_EQ(allowed_to(token, &kOpenProject), one.open);
    EXPECT_EQ(allowed_to(token, &kHiddenProject), one.hidden);
  }
}

TEST(May, ATokenMayAtMostWhatBothItsScopeAndItsAccountAllow) {
  for (const auto& one : every_may_case()) {
    if (one.identity.is_anonymous()) continue;
    for (const auto& [scope, name] : kScopes) {
      SCOPED_TRACE(one.what + ", scope " + std::string(name));
      const auto token = with_token(one.identity, {scope});
      for (const auto permission : kPermissions) {
        const bool in_scope = permission == P::read || scope_of(permission) == scope;
        EXPECT_EQ(may(token, permission, &kOpenProject), in_scope && one.open.contains(permission));
        // Of what is hidden it must also be able to read.
        EXPECT_EQ(may(token, permission, &kHiddenProject),
                  scope == Scope::read && permission == P::read && one.hidden.contains(P::read));
        const auto reading = with_token(one.identity, {scope, Scope::read});
        EXPECT_EQ(may(reading, permission, &kHiddenProject),
                  in_scope && one.hidden.contains(permission));
      }
    }
    EXPECT_EQ(allowed_to(with_token(one.identity, {}), &kOpenProject), std::set{P::read});
  }
}

TEST(May, NobodysProjectIsNotNobodys) {
  const ProjectFacts nobodys{.hidden = true, .owner = "", .members = {""}};
  EXPECT_TRUE(allowed_to({}, &nobodys).empty());
  EXPECT_TRUE(allowed_to(signed_in_as("zoe"), &nobodys).empty());
}

TEST(May, EveryPermissionIsListedOnce) {
  EXPECT_EQ(kEveryPermission.size(), kPermissions.size());
  EXPECT_EQ(kEveryPermission.size(), static_cast<std::size_t>(P::administer) + 1);
}

TEST(Require, WhatIsHiddenIsAnsweredLikeWhatIsMissing) {
  const auto status = [](const Identity& identity, P permission, const ProjectFacts& project) {
    try {
      require(identity, permission, &project, "project 'x'");
    } catch (const std::exception& error) {
      return problem_status(error);
    }
    return 200;
  };
  const auto reader = with_token(signed_in_as("mia"), {Scope::read});
  EXPECT_EQ(status({}, P::read, kOpenProject), 200);
  EXPECT_EQ(status({}, P::edit_project, kOpenProject), 401);
  EXPECT_EQ(status(signed_in_as("zoe"), P::edit_project, kOpenProject), 403);
  EXPECT_EQ(status(reader, P::edit_project, kOpenProject), 403);
  EXPECT_EQ(status(reader, P::edit_project, kHiddenProject), 403);
  for (const auto permission : kPermissions) {
    EXPECT_EQ(status({}, permission, kHiddenProject), 404);
    EXPECT_EQ(status(signed_in_as("zoe", {Role::restart_jobs}), permission, kHiddenProject), 404);
    EXPECT_EQ(
        status(with_token(signed_in_as("mia"), {Scope::restart_jobs}), permission, kHiddenProject),
        404);
    EXPECT_EQ(status(signed_in_as("ada", {Role::admin}), permission, kHiddenProject), 200);
  }
}

TEST(RolesAndScopes, AreNamed) {
  for (const auto& [role, name] : kRoles) {
    EXPECT_EQ(to_string(role), name);
    EXPECT_EQ(parse_role(name), role);
    // A token can be confined to what a role allows.
    EXPECT_TRUE(parse_scope(name));
  }
  for (const auto& [scope, name] : kScopes) EXPECT_EQ(parse_scope(name), scope);
  EXPECT_FALSE(parse_role("root"));
  EXPECT_FALSE(parse_scope(""));
}

}  // namespace
}  // namespace grange
