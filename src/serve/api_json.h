#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "farm/build_driver.h"
#include "record/builds.h"
#include "record/commits.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "record/steps.h"

namespace grange {

using ApiJson = nlohmann::ordered_json;

/// Room for `more` members: without it an object copies whatever is in it when it grows, since the
/// names in it are constant and cannot be moved.
void make_room(ApiJson& object, std::size_t more);

/// The API's values. Times are RFC 3339 in UTC with microseconds; what is not known is null.

std::string api_time(TimePoint time);
/// {"drvOutput", "path", "signatures", "dependencies"}
ApiJson api_realisation(const Realisation& realisation, const StoreDir& store);
/// Null for 0, which is no number of anything that is recorded.
ApiJson optional_number(std::int64_t number);
/// RFC 3339: seconds with a fraction or none, "Z" or an offset; nothing for any other text.
std::optional<TimePoint> parse_api_time(std::string_view text);
nlohmann::ordered_json api_project(const Project& project);
nlohmann::ordered_json api_jobset(const Jobset& jobset);
nlohmann::ordered_json api_evaluation(const EvaluationRow& evaluation, const Jobset& jobset);
nlohmann::ordered_json api_commit(const CommitRow& commit);
nlohmann::ordered_json api_target(const TargetView& target);
/// `jobset`: null where it is not known.
nlohmann::ordered_json api_build(const BuildRow& build, const Jobset* jobset);
nlohmann::ordered_json api_step(const StepRow& step);
nlohmann::ordered_json api_running_step(const RunningStep& step);
nlohmann::ordered_json api_waiting(const WaitingBuild& waiting);

/// "off", "on", "one-shot", "one-at-a-time".
std::string_view to_string(JobsetState state) noexcept;
std::optional<JobsetState> parse_jobset_state(std::string_view text) noexcept;

}  // namespace grange
