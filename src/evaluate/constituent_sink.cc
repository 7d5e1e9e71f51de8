#include "evaluate/constituent_sink.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fnmatch.h>

#include "base/error.h"

namespace grange {
namespace {

bool is_path(std::string_view constituent) {
  return constituent.starts_with('/');
}

}  // namespace

bool ConstituentSink::is_new(const std::string& label, State state) {
  return labels_.emplace(label, Label{state}).second;
}

void ConstituentSink::target(EvaluatedTarget target) {
  if (!is_new(target.label, State::good)) return;
  labels_.at(target.label).derivation = target.derivation;
  ++targets_;
  next_.target(std::move(target));
}

void ConstituentSink::error(EvaluationError error) {
  if (!is_new(error.label, State::failed)) return;
  ++errors_;
  next_.error(std::move(error));
}

void ConstituentSink::aggregate(EvaluatedTarget target, bool globs) {
  const auto& names = target.constituents;
  if (std::all_of(names.begin(), names.end(), is_path)) {
    this->target(std::move(target));
    return;
  }
  if (!is_new(target.label, State::held)) return;
  auto label = target.label;
  held_.emplace(std::move(label), Held{std::move(target), globs});
}

/// Replaces globs by labels; what is wrong with the names, or nothing.
std::string ConstituentSink::expand(Held& held) const {
  std::set<std::string> expanded;
  for (const auto& name : held.target.constituents) {
    if (is_path(name) || labels_.contains(name)) {
      expanded.insert(name);
      continue;
    }
    if (!held.globs) return "constituent '" + name + "' does not exist";
    const std::size_t before = expanded.size();
    for (const auto& [label, state] : labels_) {
      if (label != held.target.label && ::fnmatch(name.c_str(), label.c_str(), 0) == 0) {
        expanded.insert(label);
      }
    }
    if (expanded.size() == before) return "constituents '" + name + "' match nothing";
  }
  held.target.constituents.assign(expanded.begin(), expanded.end());
  return "";
}

void ConstituentSink::fail(Held& held, std::string why) {
  labels_.at(held.target.label).state = State::failed;
  ++errors_;
  next_.error({held.target.label, held.target.attr_path, "aggregate: " + std::move(why)});
}

/// All that it names is good.
void ConstituentSink::let_go(Held& held) {
  std::vector<StorePath> named;
  for (const auto& name : held.target.constituents) {
    if (const auto found = labels_.find(name); found != labels_.end()) {
      named.push_back(found->second.derivation.value());
    }
  }
  try {
    join_(held.target, named);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::system) throw;
    return fail(held, error.what());
  }
  auto& label = labels_.at(held.target.label);
  label = {State::good, held.target.derivation};
  ++targets_;
  next_.target(std::move(held.target));
}

/// Aggregates of aggregates: one is let go when all its members are; those that remain when none
/// can be let go any more form cycles.
void ConstituentSink::resolve_all() {
  for (bool progress = true; progress;) {
    progress = false;
    for (auto entry = held_.begin(); entry != held_.end();) {
      auto& held = entry->second;
      const auto state_is = [&](State state) {
        return [this, state](const std::string& name) {
          const auto found = labels_.find(name);
          return found != labels_.end() && found->second.state == state;
        };
      };
      const auto& names = held.target.constituents;
      const auto failed = std::find_if(names.begin(), names.end(), state_is(State::failed));
      if (failed != names.end()) {
        fail(held, "constituent '" + *failed + "' cannot be evaluated");
      } else if (std::any_of(names.begin(), names.end(), state_is(State::held))) {
        ++entry;
        continue;
      } else {
        let_go(held);
      }
      entry = held_.erase(entry);
      progress = true;
    }
  }
}

void ConstituentSink::finish(bool complete) {
  if (!complete) {
    for (auto& [label, held] : held_) {
      ++targets_;
      next_.target(std::move(held.target));
    }
    held_.clear();
    return;
  }
  for (auto entry = held_.begin(); entry != held_.end();) {
    if (auto why = expand(entry->second); !why.empty()) {
      fail(entry->second, std::move(why));
      entry = held_.erase(entry);
    } else {
      ++entry;
    }
  }
  resolve_all();
  for (auto& [label, held] : held_) fail(held, "its constituents form a cycle through itself");
  held_.clear();
}

}  // namespace grange
