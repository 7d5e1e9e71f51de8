#include "serve/mutating_gets.h"

#include <array>

#include "http/http_route.h"

namespace grange {
namespace {

constexpr std::array kMutatingGets{
    MutatingGet{"/build/{build}/restart", Permission::restart_builds},
    MutatingGet{"/build/{build}/cancel", Permission::cancel_builds},
    MutatingGet{"/build/{build}/bump", Permission::bump_builds},
    MutatingGet{"/build/{build}/keep/{keep}", Permission::keep_builds},
    MutatingGet{"/eval/{evaluation}/cancel", Permission::cancel_builds},
    MutatingGet{"/eval/{evaluation}/restart-aborted", Permission::restart_builds},
    MutatingGet{"/eval/{evaluation}/restart-failed", Permission::restart_builds},
    MutatingGet{"/eval/{evaluation}/bump", Permission::bump_builds},
    MutatingGet{"/api/push", Permission::evaluate_jobset},
};

}  // namespace

std::span<const MutatingGet> mutating_gets() {
  return kMutatingGets;
}

const MutatingGet* find_mutating_get(std::string_view path) {
  for (const auto& one : kMutatingGets) {
    // Most paths differ in the first segment already.
    const auto begin = one.pattern.substr(0, one.pattern.find('/', 1));
    if (path.starts_with(begin) && PathPattern::parse(one.pattern).match(path)) return &one;
  }
  return nullptr;
}

}  // namespace grange
