#include "farm/base_choice.h"

#include "derivation/target_map_file.h"

namespace grange {

Outcome Base::outcome(const std::string& label) const {
  if (!map) return Outcome::unknown;
  if (const auto found = map->targets.find(label); found != map->targets.end()) {
    return found->second.outcome;
  }
  return map->errors.contains(label) ? Outcome::failed : Outcome::unknown;
}

Base choose_base(const BaseChoice& choice, const std::string& selection, Record& record) {
  switch (choice.kind) {
    case BaseChoice::Kind::none:
      return {std::nullopt, "nothing"};
    case BaseChoice::Kind::file: {
      Base base{read_target_map_file(choice.file), "the map '" + choice.file.string() + "'"};
      if (choice.trusted) {
        for (auto& [label, target] : base.map->targets) {
          if (target.outcome == Outcome::unknown) target.outcome = Outcome::good;
        }
      }
      return base;
    }
    case BaseChoice::Kind::last:
      if (auto last = record.last_complete(selection)) {
        return {std::move(last->map), "the last complete run, number " + std::to_string(last->id)};
      }
      return {std::nullopt, "nothing: this is the first complete run of this selection"};
  }
  return {};
}

}  // namespace grange
