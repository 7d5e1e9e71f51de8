// Random package sets of 200 packages and random edits of them: the causes that the program finds
// against the smallest set that explains everything, found slowly by undoing each edit alone in a
// model that knows no hashes, paths or files.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compare/changes.h"
#include "compare/sample_packages.h"
#include "compare/sample_random.h"

namespace grange {
namespace {

constexpr std::size_t kPackages = 200;

SamplePackages large_package_set(Random& random) {
  SamplePackages set;
  for (std::size_t i = 0; i < kPackages; ++i) {
    SamplePackage package;
    package.name = "p" + std::to_string(i) + "x";
    // Unlike any other in more than the name: else one that goes and one that comes are a renaming.
    package.flag = "-DPACKAGE=" + std::to_string(i);
    package.builder = "/bin/sh-of-" + std::to_string(i);
    package.fixed = chance(random, 20);
    if (package.fixed) {
      package.content = "content " + std::to_string(i);
      package.url = "http://example.org/" + std::to_string(i);
    } else if (chance(random, 30)) {
      package.outputs = {"dev", "out"};
    }
    const auto inputs = i == 0 ? 0 : below(random, 4);
    std::set<std::size_t> chosen;
    for (std::size_t k = 0; k < inputs; ++k) {
      // Some near, some far: long chains, and packages that very many use.
      chosen.insert(chance(random, 50) ? below(random, std::min<std::size_t>(i, 6))
                                       : i - 1 - below(random, std::min<std::size_t>(i, 12)));
    }
    for (const auto input : chosen) {
      std::set<std::string> used = {"out"};
      if (set.packages[input].outputs.size() > 1 && chance(random, 50)) used.insert("dev");
      package.inputs.emplace_back(input, used);
    }
    if (chance(random, 25)) set.targets.emplace("t" + std::to_string(i), i);
    set.packages.push_back(std::move(package));
  }
  return set;
}

/// Edits a package that was not edited yet: who changes everything about one has written another.
void edit_once(Random& random, SamplePackages& set, std::set<std::size_t>& edited) {
  const auto at = below(random, set.packages.size());
  if (!edited.insert(at).second) return;
  auto& package = set.packages[at];
  switch (below(random, 8)) {
    case 0:
      package.flag += " --edited";
      break;
    case 1:
      package.builder = "/bin/other-sh";
      break;
    case 2:
      package.version = "1.1";
      break;
    case 3:
      package.name = "renamed-" + package.name;
      break;
    case 4:
      if (package.fixed) package.content += " edited";
      break;
    case 5:
      if (package.fixed) package.url += ".mirror";
      break;
    case 6: {
      if (at == 0) break;
      const auto input = below(random, at);
      const auto known = std::any_of(package.inputs.begin(), package.inputs.end(),
                                     [&](const auto& used) { return used.first == input; });
      if (!known) package.inputs.emplace_back(input, std::set<std::string>{"out"});
      break;
    }
    default:
      if (!package.inputs.empty()) package.inputs.pop_back();
  }
}

/// What each package promises, as a text that is equal for equal promises only.
std::vector<std::string> promises_of(const SamplePackages& set,
                                     std::map<std::string, int>& numbers) {
  std::vector<std::string> promises;
  for (const auto& package : set.packages) {
    std::string text = package.full_name() + "|";
    if (package.fixed) {
      text += "fixed " + package.content;
    } else {
      text += package.flag + "|" + package.builder + "|" + package.system + "|";
      for (const auto& output : package.outputs) text += output + ",";
      for (const auto& [input, used] : package.inputs) {
        text += ";" + promises[input];
        for (const auto& output : used) text += "," + output;
      }
    }
    promises.push_back(std::to_string(
        numbers.try_emplace(std::move(text), static_cast<int>(numbers.size())).first->second));
  }
  return promises;
}

std::set<std::size_t> used_packages(const SamplePackages& set) {
  std::set<std::size_t> seen;
  std::vector<std::size_t> waiting;
  for (const auto& [label, index] : set.targets) waiting.push_back(index);
  while (!waiting.empty()) {
    const auto index = waiting.back();
    waiting.pop_back();
    if (!seen.insert(index).second) continue;
    for (const auto& [input, used] : set.packages[index].inputs) waiting.push_back(input);
  }
  return seen;
}

/// The packages that the head's targets need and the base does not promise, by what they promise.
class Needs {
 public:
  Needs(const SamplePackages& base, std::map<std::string, int>& numbers) : numbers_(numbers) {
    const auto promises = promises_of(base, numbers);
    for (const auto index : used_packages(base)) known_.insert(promises[index]);
  }

  std::set<std::size_t> packages(const SamplePackages& head) const {
    const auto promises = promises_of(head, numbers_);
    std::set<std::size_t> needed;
    std::vector<std::size_t> waiting;
    for (const auto& [label, index] : head.targets) waiting.push_back(index);
    while (!waiting.empty()) {
      const auto index = waiting.back();
      waiting.pop_back();
      if (known_.contains(promises[index]) || !needed.insert(index).second) continue;
      for (const auto& [input, used] : head.packages[index].inputs) waiting.push_back(input);
    }
    return needed;
  }

  std::set<std::string> promises(const SamplePackages& head) const {
    const auto all = promises_of(head, numbers_);
    std::set<std::string> result;
    for (const auto index : packages(head)) result.insert(all[index]);
    return result;
  }

 private:
  std::map<std::string, int>& numbers_;
  std::set<std::string> known_;
};

bool are_edited(const SamplePackage& a, const SamplePackage& b) {
  return a.name != b.name || a.version != b.version || a.content != b.content || a.url != b.url ||
         a.flag != b.flag || a.builder != b.builder || a.inputs != b.inputs;
}

/// Those whose edit makes a difference when it alone is undone.
std::set<std::size_t> minimal_causes(const SamplePackages& base, const SamplePackages& head) {
  std::map<std::string, int> numbers;
  const Needs needs(base, numbers);
  const auto with_all = needs.promises(head);
  const auto known = used_packages(base);
  std::set<std::size_t> causes;
  for (std::size_t i = 0; i < kPackages; ++i) {
    // What the base does not use is new, whatever it was once written like.
    if (!are_edited(base.packages[i], head.packages[i]) || !known.contains(i)) continue;
    auto undone = head;
    undone.packages[i] = base.packages[i];
    if (needs.promises(undone) != with_all) causes.insert(i);
  }
  return causes;
}

/// Which causes a package is above, itself included; not through fixed outputs.
std::set<std::size_t> reachable(const SamplePackages& head, const std::set<std::size_t>& causes,
                                std::size_t from) {
  std::set<std::size_t> found, seen;
  std::vector<std::size_t> waiting = {from};
  while (!waiting.empty()) {
    const auto index = waiting.back();
    waiting.pop_back();
    if (!seen.insert(index).second) continue;
    if (causes.contains(index)) found.insert(index);
    if (head.packages[index].fixed) continue;
    for (const auto& [input, used] : head.packages[index].inputs) waiting.push_back(input);
  }
  return found;
}

/// Returns how many causes there were.
std::size_t check_causes(const SamplePackages& base_set, const SamplePackages& head_set) {
  const SampleInstantiation base(base_set), head(head_set);
  const auto read = sample_reader({&base, &head});
  const auto graph = DerivationGraph::load(
      StoreDir::nix(), derivations_to_explain(base.map(), head.map()), read, {.threads = 1});
  const auto changes = Changes::find(base.map(), head.map(), graph, read);

  std::map<StorePath, std::size_t> packages;
  for (std::size_t i = 0; i < kPackages; ++i) packages.emplace(head.derivation(i), i);
  const auto package = [&](DerivationIndex index) { return packages.at(graph.path(index)); };
  std::set<std::size_t> found;
  for (const auto& cause : changes.causes()) {
    found.insert(package(cause.head));
    EXPECT_FALSE(cause.fields.empty());
    EXPECT_EQ(graph.path(cause.base).base_name(), base.derivation(package(cause.head)).base_name());
  }
  const auto expected = minimal_causes(base_set, head_set);
  EXPECT_EQ(found, expected);
  if (found != expected) return 0;

  std::map<std::string, int> numbers;
  const auto needed = Needs(base_set, numbers).packages(head_set);
  std::map<std::size_t, std::size_t> touched, touched_alone, targets, targets_alone;
  for (const auto index : needed) {
    const auto causes = reachable(head_set, expected, index);
    for (const auto cause : causes) ++touched[cause];
    if (causes.size() == 1) ++touched_alone[*causes.begin()];
  }
  std::map<std::string, std::set<std::size_t>> of_targets, told;
  for (const auto& [label, index] : head_set.targets) {
    if (!needed.contains(index)) continue;
    const auto causes = of_targets[label] = reachable(head_set, expected, index);
    for (const auto cause : causes) ++targets[cause];
    if (causes.size() == 1) ++targets_alone[*causes.begin()];
  }
  for (const auto& [label, causes] : changes.causes_of_targets()) {
    auto& set = told[label];
    for (const auto cause : causes) set.insert(package(changes.causes()[cause].head));
  }
  EXPECT_EQ(told, of_targets);
  EXPECT_EQ(changes.changed().size(), needed.size());
  for (const auto& cause : changes.causes()) {
    const auto index = package(cause.head);
    EXPECT_EQ(cause.derivations, touched[index]);
    EXPECT_EQ(cause.derivations_alone, touched_alone[index]);
    EXPECT_EQ(cause.targets, targets[index]);
    EXPECT_EQ(cause.targets_alone, targets_alone[index]);
  }
  return found.size();
}

TEST(ChangesModel, CausesAreTheSmallestSetThatExplainsEverything) {
  const char* specified = std::getenv("GRANGE_SEEDS");
  const unsigned seeds = specified ? static_cast<unsigned>(std::stoul(specified)) : 100;
  std::size_t causes = 0;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const auto base = large_package_set(random);
    auto head = base;
    std::set<std::size_t> edited;
    for (std::size_t edits = 1 + below(random, 20); edits > 0; --edits)
      edit_once(random, head, edited);
    causes += check_causes(base, head);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(causes, std::size_t{2} * seeds);  // the edits are of the kinds that this is about
}

}  // namespace
}  // namespace grange
