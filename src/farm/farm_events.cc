#include "farm/farm_events.h"

#include <nlohmann/json.hpp>

namespace grange {
namespace {

EventRow made_event(std::string_view kind, TimePoint now, const nlohmann::ordered_json& data) {
  EventRow event;
  event.kind = kind;
  event.time = now;
  event.data = data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return event;
}

}  // namespace

EventRow step_event(std::string_view kind, const StepRow& step, TimePoint now) {
  nlohmann::ordered_json data{{"id", step.id}, {"derivation", step.derivation}};
  if (step.build != 0) data["build"] = step.build;
  if (step.outcome) data["outcome"] = to_string(*step.outcome);
  auto event = made_event(kind, now, data);
  event.build = step.build;
  return event;
}

EventRow build_event(std::string_view kind, const BuildRow& build, TimePoint now) {
  nlohmann::ordered_json data{{"id", build.id},
                              {"jobset", build.jobset},
                              {"label", build.label},
                              {"name", build.name},
                              {"system", build.system}};
  if (build.outcome) data["outcome"] = to_string(*build.outcome);
  auto event = made_event(kind, now, data);
  event.jobset = build.jobset;
  event.evaluation = build.evaluation;
  event.build = build.id;
  return event;
}

EventRow evaluation_event(std::string_view kind, const EvaluationRow& evaluation, TimePoint now,
                          Seconds recording) {
  nlohmann::ordered_json data{{"id", evaluation.id},
                              {"jobset", evaluation.jobset},
                              {"state", to_string(evaluation.state)},
                              {"targets", evaluation.targets},
                              {"errors", evaluation.errors}};
  if (recording.count() > 0) data["recordingSeconds"] = recording.count();
  auto event = made_event(kind, now, data);
  event.jobset = evaluation.jobset;
  event.evaluation = evaluation.id;
  return event;
}

EventRow project_event(std::string_view kind, const std::string& name, TimePoint now) {
  return made_event(kind, now, {{"project", name}});
}

EventRow machine_event(std::string_view kind, const MachineRow& machine, TimePoint now) {
  return made_event(kind, now, {{"id", machine.id}, {"name", machine.name}});
}

EventRow jobset_event(std::string_view kind, const Jobset& jobset, TimePoint now) {
  nlohmann::ordered_json data{
      {"id", jobset.id}, {"project", jobset.project_name}, {"name", jobset.settings.name}};
  auto event = made_event(kind, now, data);
  event.jobset = jobset.id;
  return event;
}

}  // namespace grange
