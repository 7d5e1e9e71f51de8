#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace grange {

/// A place where steps are made, as the scheduler sees it.
struct FarmMachine {
  std::uint32_t id = 0;
  std::string name;
  std::set<std::string> systems;
  std::set<std::string> features{};   ///< that it has, with the mandatory ones
  std::set<std::string> mandatory{};  ///< without each of these, nothing is made there
  unsigned slots = 1;                 ///< steps at once
  double speed = 1;                   ///< relative to others, above 0
  unsigned cores_per_slot = 1;
  bool enabled = true;   ///< false: disabled or lost
  bool drained = false;  ///< what runs there goes on, nothing new starts
};

/// What a step asks of a machine.
struct StepClass {
  std::string system;                 ///< "builtin": any
  std::vector<std::string> features;  ///< sorted
  unsigned cores = 0;                 ///< that it will use; 0: those of the slot
  friend auto operator<=>(const StepClass&, const StepClass&) = default;
};

enum class StepClassId : std::uint32_t {};

/// Machines, what they can make, and which of their slots are free. A slot that is taken stays so
/// whatever becomes of its machine.
class MachineSlots {
 public:
  StepClassId class_id(const StepClass& of);
  const StepClass& operator[](StepClassId id) const { return *classes_[index(id)].of; }
  std::size_t class_count() const { return classes_.size(); }

  /// All there are from now on.
  void set_machines(std::vector<FarmMachine> machines);
  /// False where there is no such machine.
  bool set_drained(std::uint32_t machine, bool drained);
  bool set_enabled(std::uint32_t machine, bool enabled);
  const std::vector<FarmMachine>& machines() const { return machines_; }
  /// Null where there is no such machine. Until machines are set anew.
  const FarmMachine* machine(std::uint32_t id) const;
  unsigned occupied(std::uint32_t machine) const;

  /// Could it make such a step if it were idle?
  static bool suits(const FarmMachine& machine, const StepClass& of);
  /// On usable machines that suit.
  unsigned free_slots(StepClassId id) const { return classes_[index(id)].free; }
  /// Occupies one: of the machine with the fewest steps for its speed, then the fastest, then the
  /// one with the fewest features that the step does not need, then the lowest id. Nothing when
  /// none is free.
  std::optional<std::uint32_t> take(StepClassId id);
  void give_back(std::uint32_t machine);

 private:
  struct Class {
    const StepClass* of;
    std::vector<std::size_t> suitable;  ///< indices of machines
    unsigned free = 0;
  };
  static std::size_t index(StepClassId id) { return static_cast<std::size_t>(id); }
  unsigned free_on(std::size_t machine) const;
  bool goes_before(std::size_t one, std::size_t other, const StepClass& of) const;
  void fit(Class& one);
  void fit_all();
  void count_change(std::size_t machine, int change);

  std::vector<FarmMachine> machines_;                    ///< by id
  std::vector<unsigned> running_;                        ///< by index of machine
  std::vector<std::vector<std::size_t>> classes_of_;     ///< by index of machine
  std::map<std::uint32_t, std::size_t> indices_;         ///< by id
  std::map<std::uint32_t, unsigned> running_elsewhere_;  ///< on machines that are no more
  std::map<StepClass, StepClassId> class_ids_;
  std::vector<Class> classes_;
};

}  // namespace grange
