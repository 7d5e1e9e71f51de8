#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "command/admin_place.h"

namespace grange {

/// Projects and jobsets of a farm, through its server or in its database, as the API has them.
class ProjectAdmin {
 public:
  static std::unique_ptr<ProjectAdmin> open(const AdminPlace& place, const Clock& clock,
                                            const std::stop_token& stop);
  virtual ~ProjectAdmin() = default;

  /// Arrays.
  virtual nlohmann::ordered_json projects() = 0;
  virtual nlohmann::ordered_json jobsets(const std::string& project) = 0;
  virtual nlohmann::ordered_json jobset(const std::string& project, const std::string& name) = 0;
  /// Makes it, or replaces all that is said of it.
  virtual void put_project(const std::string& name, const nlohmann::ordered_json& body) = 0;
  virtual void delete_project(const std::string& name) = 0;
  virtual void put_jobset(const std::string& project, const std::string& name,
                          const nlohmann::ordered_json& body) = 0;
  virtual void delete_jobset(const std::string& project, const std::string& name) = 0;
};

}  // namespace grange
