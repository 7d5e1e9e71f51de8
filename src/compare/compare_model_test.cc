// Random package sets and random edits of them, compared by the program and by a model that works
// on the packages as written and knows nothing of hashes, paths or files.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "compare/compare.h"
#include "compare/sample_packages.h"
#include "compare/sample_random.h"

namespace grange {
namespace {

SamplePackages random_packages(Random& random) {
  SamplePackages set;
  const std::size_t count = 2 + below(random, 24);
  for (std::size_t i = 0; i < count; ++i) {
    SamplePackage package;
    // Few names and contents, so that several recipes promise the same now and then.
    package.name = "p" + std::to_string(below(random, count));
    package.flag = chance(random, 30) ? "-O3" : "";
    package.fixed = chance(random, 35);
    if (package.fixed) {
      package.content = std::to_string(below(random, 3));
      package.url = "http://" + std::to_string(below(random, 2)) + ".example.org/";
    } else if (chance(random, 40)) {
      package.outputs = {"dev", "out"};
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (!chance(random, 20)) continue;
      std::set<std::string> used = {"out"};
      if (set.packages[j].outputs.size() > 1 && chance(random, 50)) used.insert("dev");
      package.inputs.emplace_back(j, used);
    }
    if (chance(random, 50) || i + 1 == count) set.targets.emplace("t" + std::to_string(i), i);
    set.packages.push_back(std::move(package));
  }
  return set;
}

void edit(Random& random, SamplePackages& set) {
  const std::size_t at = below(random, set.packages.size());
  auto& package = set.packages[at];
  switch (below(random, 9)) {
    case 0:
    case 1:
      package.url += "mirror/";
      break;
    case 2:
      package.flag += " --edited";
      break;
    case 3:
      package.name += "x";
      break;
    case 4:
      package.version = "1.1";
      break;
    case 5:
      if (at > 0) package.inputs.emplace_back(below(random, at), std::set<std::string>{"out"});
      break;
    case 6:
      if (!package.inputs.empty()) package.inputs.pop_back();
      break;
    case 7:
      set.targets.erase("t" + std::to_string(at));
      break;
    default:
      set.targets.emplace("new" + std::to_string(at), at);
  }
}

/// Gives equal things equal numbers, whichever side they are of.
class Numbers {
 public:
  int of(const std::string& description) {
    return numbers_.try_emplace(description, static_cast<int>(numbers_.size())).first->second;
  }

 private:
  std::map<std::string, int> numbers_;
};

using Used = std::vector<std::pair<int, std::set<std::string>>>;

/// One package set in the model: what each package is, and what it promises.
struct Side {
  Side(const SamplePackages& written, Numbers& promises, Numbers& recipes) : set(written) {
    for (std::size_t i = 0; i < set.packages.size(); ++i) {
      const auto& package = set.packages[i];
      // An input may be written twice; what is used of it is the union.
      std::map<std::size_t, std::set<std::string>> inputs;
      for (const auto& [index, used] : package.inputs) {
        inputs[index].insert(used.begin(), used.end());
      }
      std::string as_promised, as_written;
      std::map<int, std::set<std::string>> by_promise;
      std::map<int, std::set<std::string>> by_recipe;
      for (const auto& [index, used] : inputs) {
        by_promise[promise[index]].insert(used.begin(), used.end());
        by_recipe[recipe[index]].insert(used.begin(), used.end());
      }
      std::string sequence;  // the text that mentions the inputs' outputs
      for (const auto& [index, used] : package.inputs) {
        for (const auto& name : used) sequence += std::to_string(promise[index]) + name + " ";
      }
      const std::string own = package.full_name() + "|" + package.flag + "|" + package.system +
                              "|" + package.builder + "|" + sequence + "|";
      as_promised = "made " + own + text(by_promise);
      for (const auto& name : package.outputs) as_promised += "," + name;
      if (package.fixed) as_promised = "fixed " + package.full_name() + "|" + package.content;
      as_written = (package.fixed ? package.content + "|" + package.url : as_promised) + "|" + own +
                   text(by_recipe);
      promise.push_back(promises.of(as_promised));
      recipe.push_back(recipes.of(as_written));
    }
  }

  static std::string text(const std::map<int, std::set<std::string>>& inputs) {
    std::string result;
    for (const auto& [number, used] : inputs) {
      result += std::to_string(number);
      for (const auto& name : used) result += "." + name;
      result += ";";
    }
    return result;
  }

  std::set<std::size_t> closure(const std::set<std::size_t>& roots) const {
    std::set<std::size_t> seen;
    for (const auto root : roots) visit(root, seen);
    return seen;
  }
  void visit(std::size_t index, std::set<std::size_t>& seen) const {
    if (!seen.insert(index).second) return;
    for (const auto& [input, used] : set.packages[index].inputs) visit(input, seen);
  }

  const SamplePackages& set;
  std::vector<int> promise, recipe;
};

/// The inputs of one package as a multiset of (promise, used outputs, package name), each .drv
/// once.
using Inputs = std::multiset<std::tuple<int, std::set<std::string>, std::string>>;
Inputs inputs_of(const Side& side, std::size_t index) {
  std::map<int, std::tuple<int, std::set<std::string>, std::string>> by_recipe;
  for (const auto& [input, used] : side.set.packages[index].inputs) {
    auto& entry = by_recipe[side.recipe[input]];
    std::get<0>(entry) = side.promise[input];
    std::get<1>(entry).insert(used.begin(), used.end());
    std::get<2>(entry) = side.set.packages[input].name;
  }
  Inputs inputs;
  for (const auto& [recipe, entry] : by_recipe) inputs.insert(entry);
  return inputs;
}

/// What `some` has beyond `others`.
Inputs beyond(Inputs some, const Inputs& others) {
  for (const auto& input : others) {
    if (const auto found = some.find(input); found != some.end()) some.erase(found);
  }
  return some;
}

/// The inputs in the order in which the package mentions them: by promise, those of `replaced` by
/// package.
std::vector<std::string> mentioned(const Side& side, std::size_t index, const Inputs& replaced) {
  std::map<int, std::string> packages;
  for (const auto& [promise, used, name] : replaced) {
    packages[promise] = name + ":";
    for (const auto& output : used) packages[promise] += output + ",";
  }
  std::vector<std::string> texts;
  for (const auto& [input, used] : side.set.packages[index].inputs) {
    const int promise = side.promise[input];
    const auto found = packages.find(promise);
    for (const auto& output : used) {
      texts.push_back((found == packages.end() ? std::to_string(promise) : found->second) + "!" +
                      output);
    }
  }
  return texts;
}

/// Is `head` of the head side `base` of the base side, but for what its inputs brought: some are
/// another build or version of the same package?
bool differ_only_through_inputs(const Side& base, std::size_t b, const Side& head, std::size_t h) {
  const auto& before = base.set.packages[b];
  const auto& after = head.set.packages[h];
  if (before.url != after.url || before.flag != after.flag) return false;
  const auto old_inputs = inputs_of(base, b), new_inputs = inputs_of(head, h);
  const auto left = beyond(old_inputs, new_inputs), right = beyond(new_inputs, old_inputs);
  std::multiset<std::pair<std::set<std::string>, std::string>> left_packages, right_packages;
  for (const auto& [promise, used, name] : left) left_packages.emplace(used, name);
  for (const auto& [promise, used, name] : right) right_packages.emplace(used, name);
  return left_packages == right_packages && mentioned(base, b, left) == mentioned(head, h, right);
}

/// Which promises have a new recipe of their own.
std::set<int> rewritten_promises(const Side& base, const Side& head) {
  std::set<std::size_t> base_roots, head_roots;
  const auto is_same = [&](const std::string& label) {
    return base.set.targets.contains(label) && head.set.targets.contains(label) &&
           base.recipe[base.set.targets.at(label)] == head.recipe[head.set.targets.at(label)];
  };
  for (const auto& [label, index] : base.set.targets) {
    if (!is_same(label)) base_roots.insert(index);
  }
  for (const auto& [label, index] : head.set.targets) {
    if (!is_same(label)) head_roots.insert(index);
  }
  const auto before = base.closure(base_roots);
  std::set<int> known, result;
  for (const auto b : before) known.insert(base.recipe[b]);
  for (const auto h : head.closure(head_roots)) {
    if (!head.set.packages[h].fixed || known.contains(head.recipe[h])) continue;
    bool promised = false, explained = false;
    for (const auto b : before) {
      if (base.promise[b] != head.promise[h]) continue;
      promised = true;
      explained = explained || differ_only_through_inputs(base, b, head, h);
    }
    if (promised && !explained) result.insert(head.promise[h]);
  }
  return result;
}

std::map<std::string, Verdict> model_verdicts(const Side& base, const Side& head) {
  std::map<std::string, Verdict> verdicts;
  for (const auto& [label, index] : base.set.targets) {
    const auto found = head.set.targets.find(label);
    if (found == head.set.targets.end()) {
      verdicts[label] = Verdict::removed;
    } else if (base.recipe[index] == head.recipe[found->second]) {
      verdicts[label] = Verdict::same;
    } else if (base.promise[index] == head.promise[found->second]) {
      verdicts[label] = Verdict::equivalent;
    } else {
      verdicts[label] = Verdict::changed;
    }
  }
  for (const auto& [label, index] : head.set.targets) verdicts.try_emplace(label, Verdict::added);
  return verdicts;
}

/// Compares both ways; returns how many targets were equivalent.
std::size_t check(const SamplePackages& base_set, const SamplePackages& head_set) {
  Numbers promises, recipes;
  const Side base(base_set, promises, recipes), head(head_set, promises, recipes);
  const SampleInstantiation base_made(base_set), head_made(head_set);
  const auto read = sample_reader({&base_made, &head_made});
  const auto roots = derivations_to_compare(base_made.map(), head_made.map());
  const auto graph = DerivationGraph::load(StoreDir::nix(), roots, read, {.threads = 1});
  const auto comparison = compare_targets(base_made.map(), head_made.map(), graph, read);

  std::map<std::string, Verdict> verdicts;
  for (const auto& target : comparison.targets) verdicts.emplace(target.label, target.verdict);
  EXPECT_EQ(verdicts, model_verdicts(base, head));

  std::map<StorePath, int> promise_of;
  for (std::size_t i = 0; i < head_set.packages.size(); ++i) {
    promise_of.emplace(head_made.derivation(i), head.promise[i]);
  }
  std::set<int> rewritten;
  for (const auto& recipe : comparison.rewritten) {
    EXPECT_TRUE(rewritten.insert(promise_of.at(recipe.head)).second);
    EXPECT_FALSE(recipe.fields.empty());
  }
  EXPECT_EQ(rewritten, rewritten_promises(base, head));
  return comparison.equivalent + comparison.rewritten.size();
}

TEST(CompareModel, RandomEditsGetTheVerdictsOfTheModel) {
  std::size_t interesting = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const auto base = random_packages(random);
    auto head = base;
    for (std::size_t edits = 1 + below(random, 4); edits > 0; --edits) edit(random, head);
    interesting += check(base, head);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(interesting, 100U);  // the edits are of the kinds that this is about
}

}  // namespace
}  // namespace grange
