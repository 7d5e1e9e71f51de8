#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/database.h"

namespace grange {

/// What people say of a project.
struct ProjectSettings {
  std::string name;  ///< [A-Za-z_][A-Za-z0-9_-]*
  std::string display_name;
  std::string description;
  std::string homepage;
  std::string owner;  ///< an account's name; empty: nobody's
  bool enabled = true;
  bool hidden = false;
  friend bool operator==(const ProjectSettings&, const ProjectSettings&) = default;
};

struct Project {
  std::int64_t id = 0;
  ProjectSettings settings;
  std::string declared_in;   ///< the file that declares it; empty: made by the API
  std::int64_t version = 0;  ///< another one after each change
};

/// The table of projects. Calls that write belong into the caller's transaction. What is deleted
/// stays as a row, so that history which refers to it is not broken.
class Projects {
 public:
  explicit Projects(Database& database) : database_(database) {}

  /// By name.
  std::vector<Project> all();
  std::optional<Project> find(std::string_view name);
  std::optional<Project> find(std::int64_t id);
  /// The present name of a project that was renamed, and whose old name nobody has.
  std::optional<std::string> renamed(std::string_view old_name);

  std::int64_t create(const ProjectSettings& settings, const std::string& declared_in);
  /// Another name leaves a redirect. Throws ConflictError when another project has it.
  void update(const Project& project, const ProjectSettings& settings,
              const std::string& declared_in);
  void remove(const Project& project, TimePoint now);

  std::vector<std::string> members(std::int64_t project);
  bool is_member(std::int64_t project, std::string_view account);
  void set_members(std::int64_t project, const std::vector<std::string>& accounts);

 private:
  Database& database_;
};

}  // namespace grange
