#include "wire/wire_build_result.h"

namespace grange {
namespace {

enum class OutputForm { none, by_id, by_name };

/// Which fields of a result the version has.
struct ResultFields {
  bool times;
  bool cpu;
  OutputForm outputs;
};

ResultFields result_fields(const WireDialect& dialect) {
  if (dialect.version.major == 2) {
    return {dialect.at_least(3), false,
            dialect.at_least(8)   ? OutputForm::by_name
            : dialect.at_least(6) ? OutputForm::by_id
                                  : OutputForm::none};
  }
  return {dialect.at_least(29), dialect.at_least(37),
          dialect.has(kFeatureRealisationWithPath) ? OutputForm::by_name
          : dialect.at_least(28)                   ? OutputForm::by_id
                                                   : OutputForm::none};
}

}  // namespace

bool is_success(WireBuildStatus status) noexcept {
  return status == WireBuildStatus::built || status == WireBuildStatus::substituted ||
         status == WireBuildStatus::already_valid ||
         status == WireBuildStatus::resolves_to_already_valid;
}

Outcome outcome_of(WireBuildStatus status) noexcept {
  switch (status) {
    case WireBuildStatus::built:
    case WireBuildStatus::substituted:
    case WireBuildStatus::already_valid:
    case WireBuildStatus::resolves_to_already_valid:
      return Outcome::good;
    case WireBuildStatus::permanent_failure:
    case WireBuildStatus::cached_failure:
      return Outcome::failed;
    case WireBuildStatus::output_rejected:
      return Outcome::output_rejected;
    case WireBuildStatus::timed_out:
      return Outcome::timed_out;
    case WireBuildStatus::dependency_failed:
      return Outcome::dependency_failed;
    case WireBuildStatus::log_limit_exceeded:
      return Outcome::log_limit_exceeded;
    case WireBuildStatus::not_deterministic:
      return Outcome::not_deterministic;
    case WireBuildStatus::input_rejected:
    case WireBuildStatus::transient_failure:
    case WireBuildStatus::misc_failure:
    case WireBuildStatus::no_substituters:
      return Outcome::aborted;
  }
  return Outcome::unknown;
}

WireBuildStatus status_of(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::good:
      return WireBuildStatus::built;
    case Outcome::failed:
    case Outcome::failed_with_output:
      return WireBuildStatus::permanent_failure;
    case Outcome::dependency_failed:
      return WireBuildStatus::dependency_failed;
    case Outcome::timed_out:
      return WireBuildStatus::timed_out;
    case Outcome::log_limit_exceeded:
      return WireBuildStatus::log_limit_exceeded;
    case Outcome::output_rejected:
    case Outcome::hash_mismatch:
      return WireBuildStatus::output_rejected;
    case Outcome::not_deterministic:
      return WireBuildStatus::not_deterministic;
    case Outcome::unsupported:
    case Outcome::aborted:
    case Outcome::unknown:
    case Outcome::cancelled:
      return WireBuildStatus::misc_failure;
  }
  return WireBuildStatus::misc_failure;
}

WireBuildResult WireBuildResult::read(WireReader& in) {
  const auto fields = result_fields(in.dialect());
  WireBuildResult result;
  result.status = static_cast<WireBuildStatus>(in.bounded(14, "the status of a build"));
  result.error = in.string();
  if (fields.times) {
    result.times_built = in.number();
    result.not_deterministic = in.get<bool>();
    result.start = in.get<std::int64_t>();
    result.stop = in.get<std::int64_t>();
  }
  if (fields.cpu) {
    result.cpu_user = read_tagged<std::int64_t>(in);
    result.cpu_system = read_tagged<std::int64_t>(in);
  }
  if (fields.outputs == OutputForm::by_id) {
    result.realisations = in.get<std::map<DrvOutput, Realisation>>();
  } else if (fields.outputs == OutputForm::by_name) {
    result.outputs = in.get<std::map<std::string, RealisedOutput>>();
  }
  return result;
}

void WireBuildResult::write(WireWriter& out) const {
  const auto fields = result_fields(out.dialect());
  out.number(static_cast<std::uint64_t>(status)).string(error);
  if (fields.times) out.number(times_built).put(not_deterministic).put(start).put(stop);
  if (fields.cpu) {
    write_tagged(out, cpu_user);
    write_tagged(out, cpu_system);
  }
  if (fields.outputs == OutputForm::by_id) out.put(realisations);
  if (fields.outputs == OutputForm::by_name) out.put(outputs);
}

}  // namespace grange
