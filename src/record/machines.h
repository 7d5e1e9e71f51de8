#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "database/database.h"

namespace grange {

/// A machine that makes steps, as it is remembered.
struct MachineRow {
  std::int64_t id = 0;
  std::string name;
  std::set<std::string> systems;
  std::set<std::string> features;
  std::set<std::string> mandatory_features;
  unsigned slots = 0;
  double speed = 1;
  bool drained = false;  ///< nothing new starts there
  TimePoint first_seen{};
  TimePoint last_seen{};
};

/// The table of machines. Calls that write belong into the caller's transaction.
class Machines {
 public:
  explicit Machines(Database& database) : database_(database) {}

  /// The machine of that name is there now and is like this; whether it is drained stays as it was.
  /// As it is remembered from now on.
  MachineRow seen(const MachineRow& machine, TimePoint now);
  void seen(std::int64_t id, TimePoint now);
  /// By name.
  std::vector<MachineRow> all();
  std::optional<MachineRow> find(std::int64_t id);
  std::optional<MachineRow> find(const std::string& name);
  void set_drained(std::int64_t id, bool drained);

 private:
  Database& database_;
};

}  // namespace grange
