#pragma once

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "schedule/testing_farm.h"

namespace grange {

inline constexpr double kHour = 3600;

inline FarmMachine simulated_machine(std::uint32_t id, unsigned slots, const std::string& system) {
  FarmMachine machine;
  machine.id = id;
  machine.name = "m" + std::to_string(id);
  machine.systems = {system};
  machine.slots = slots;
  return machine;
}

/// Three jobsets that always have more to do than there are machines, for two systems, with steps
/// that they share.
class SimulatedDay {
 public:
  static constexpr std::uint32_t kJobsets = 3;

  SimulatedDay(unsigned seed, std::size_t jobs_each) : random_(seed) {
    for (std::size_t i = 0; i < jobs_each; ++i) {
      for (std::uint32_t jobset = 1; jobset <= kJobsets; ++jobset) {
        const std::size_t job = add_job(own_[jobset]);
        own_[jobset].push_back(job);
        asked_.emplace_back(job, jobset);
      }
      if (i % 4 != 0) continue;
      const std::size_t shared = add_job({});
      for (std::uint32_t jobset = 1; jobset <= kJobsets; ++jobset) {
        if (below(3) == 0) continue;
        own_[jobset].push_back(shared);
        asked_.emplace_back(shared, jobset);
      }
    }
    std::vector<FarmMachine> machines;
    for (std::uint32_t id = 1; id <= 8; ++id) {
      machines.push_back(simulated_machine(id, 4, id <= 5 ? "x86_64-linux" : "aarch64-linux"));
    }
    farm.open(machines);
    for (const auto& [job, jobset] : asked_) {
      farm.want(job, {jobset, 0, static_cast<int>(below(3))});
    }
  }

  /// How far each is from its share of what all of them used, at worst, in parts of its share.
  double error(const std::map<std::uint32_t, double>& shares, double from, double to) const {
    double all = 0;
    double all_shares = 0;
    for (const auto& [jobset, share] : shares) {
      all += farm.made_for(jobset, from, to);
      all_shares += share;
    }
    double worst = 0;
    for (const auto& [jobset, share] : shares) {
      const double entitled = all * share / all_shares;
      worst = std::max(worst, std::abs(farm.made_for(jobset, from, to) - entitled) / entitled);
    }
    return worst;
  }

  TestingFarm farm;

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  std::size_t add_job(const std::vector<std::size_t>& before) {
    TestingFarm::Job job;
    job.of.system = below(8) < 5 ? "x86_64-linux" : "aarch64-linux";
    job.of.cores = 1 + static_cast<unsigned>(below(4));
    // From five seconds to half an hour, as many of each magnitude.
    job.seconds = 5 * std::exp(static_cast<double>(below(1000)) / 1000 * std::log(360.0));
    job.expected = job.seconds * (0.5 + static_cast<double>(below(100)) / 100);
    std::vector<std::size_t> inputs;
    if (!before.empty() && below(3) == 0) inputs.push_back(before[below(before.size())]);
    return farm.add(job, inputs);
  }

  std::mt19937 random_;
  std::map<std::uint32_t, std::vector<std::size_t>> own_;
  std::vector<std::pair<std::size_t, std::uint32_t>> asked_;
};

}  // namespace grange
