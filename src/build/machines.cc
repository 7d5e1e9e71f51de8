#include "build/machines.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::uint64_t kMostMachineText = std::uint64_t{1} << 20;
constexpr unsigned kMostJobs = 10'000;
constexpr unsigned kMostIncluded = 8;

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = line.find_first_not_of(kBlank);
    if (begin == line.npos) return words;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(kBlank), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::set<std::string> names_of(std::string_view list) {
  std::set<std::string> names;
  for (const auto name : split(list, ',')) {
    if (!name.empty()) names.emplace(name);
  }
  return names;
}

unsigned parse_jobs(std::string_view text) {
  unsigned jobs = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), jobs);
  if (error != std::errc() || end != text.data() + text.size() || jobs > kMostJobs) {
    throw InvalidError("its number of jobs: specified a number up to " + std::to_string(kMostJobs) +
                       ", got '" + printable(text) + "'");
  }
  return jobs;
}

double parse_speed(std::string_view text) {
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(speed) ||
      speed <= 0) {
    throw InvalidError("its speed: specified a number above 0, got '" + printable(text) + "'");
  }
  return speed;
}

/// Without a scheme it is a host for ssh, as in the time before URLs.
StoreReference parse_machine_store(std::string_view text) {
  if (text.find("://") != text.npos || text == "daemon" || text == "auto" || text == "local" ||
      text.starts_with('/')) {
    return StoreReference::parse(text);
  }
  return StoreReference::parse("ssh://" + std::string(text));
}

/// Nothing where it is to make nothing.
std::optional<RemoteMachine> parse_machine(std::string_view line, const std::string& own_system) {
  const auto words = words_of(line);
  if (words.size() > 8) {
    throw InvalidError("it has " + std::to_string(words.size()) + " fields, specified at most 8");
  }
  const auto field = [&](std::size_t number) -> std::optional<std::string_view> {
    if (number >= words.size() || words[number] == "-") return std::nullopt;
    return words[number];
  };
  RemoteMachine machine{parse_machine_store(words.at(0)), {own_system}};
  if (const auto& scheme = machine.store.scheme;
      scheme != "unix" && scheme != "ssh-ng" && scheme != "ssh") {
    throw InvalidError("specified unix://, ssh-ng:// or ssh://, got '" +
                       printable(machine.store.to_string()) + "'");
  }
  if (const auto systems = field(1)) machine.systems = names_of(*systems);
  if (const auto key = field(2)) machine.store.parameters.insert_or_assign("ssh-key", *key);
  if (const auto jobs = field(3)) machine.jobs = parse_jobs(*jobs);
  if (const auto speed = field(4)) machine.speed = parse_speed(*speed);
  if (const auto features = field(5)) machine.features = names_of(*features);
  if (const auto mandatory = field(6)) machine.mandatory = names_of(*mandatory);
  machine.features.insert(machine.mandatory.begin(), machine.mandatory.end());
  if (const auto key = field(7)) {
    if (!base64_decode(*key)) {
      throw InvalidError("its public key is not base 64: '" + printable(*key) + "'");
    }
    machine.store.parameters.insert_or_assign("base64-ssh-public-host-key", *key);
  }
  if (machine.jobs == 0) return std::nullopt;
  return machine;
}

class MachineReader {
 public:
  explicit MachineReader(const std::string& own_system) : own_system_(own_system) {}

  void read(std::string_view text, unsigned depth) {
    if (text.size() > kMostMachineText) throw InvalidError("the list of machines is too long");
    for (auto line : split(text, '\n')) {
      line = line.substr(0, line.find('#'));
      for (const auto entry : split(line, ';')) read_entry(entry, depth);
    }
  }

  std::vector<RemoteMachine> take() { return std::move(machines_); }

 private:
  void read_entry(std::string_view entry, unsigned depth) {
    const auto words = words_of(entry);
    if (words.empty()) return;
    if (words.front().starts_with('@')) {
      include(words, depth);
      return;
    }
    with_context(
        [&] { return "while reading the machine '" + printable(entry.substr(0, 256)) + "'"; },
        [&] {
          if (auto machine = parse_machine(entry, own_system_)) {
            machines_.push_back(*std::move(machine));
          }
        });
  }

  void include(const std::vector<std::string_view>& words, unsigned depth) {
    const std::string file(words.front().substr(1));
    if (words.size() > 1 || file.empty()) {
      throw InvalidError("specified @FILE alone, got '" + printable(words.front()) + " …'");
    }
    if (depth == kMostIncluded) throw InvalidError("lists of machines name each other too deeply");
    const auto text = read_file(file, kMostMachineText);
    with_context([&] { return "while reading the machines in '" + printable(file) + "'"; },
                 [&] { read(text, depth + 1); });
  }

  const std::string& own_system_;
  std::vector<RemoteMachine> machines_;
};

}  // namespace

std::vector<RemoteMachine> parse_machines(std::string_view text, const std::string& own_system) {
  MachineReader reader(own_system);
  reader.read(text, 0);
  return reader.take();
}

}  // namespace grange
