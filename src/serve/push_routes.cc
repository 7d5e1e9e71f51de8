#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "evaluate/flake_reference.h"
#include "evaluate/jobset_input.h"
#include "serve/hydra_json.h"
#include "serve/hydra_routes.h"
#include "serve/json_body.h"
#include "serve/push_signature.h"

namespace grange {
namespace {

/// Forges send the commits of a push, at most some thousands.
constexpr std::size_t kLargestPush = std::size_t{8} << 20;

/// Does the jobset have an input with this URI, however it is written? Those of git are compared
/// by repository_key, others as they are.
bool has_input_with(const Jobset& jobset, const std::set<std::string>& keys,
                    const std::set<std::string>& uris) {
  if (!jobset.settings.flake.empty()) {
    const auto key = repository_key(flake_repository(jobset.settings.flake));
    return uris.contains(jobset.settings.flake) || (key && keys.contains(*key));
  }
  return std::any_of(
      jobset.settings.inputs.begin(), jobset.settings.inputs.end(), [&](const auto& named) {
        const auto& input = named.second;
        const auto words = split_words(input.value);
        if (words.empty()) return false;
        if (input.type == to_string(InputType::git)) {
          const auto key = repository_key(words.front());
          return key && keys.contains(*key);
        }
        return input.type != to_string(InputType::string) && uris.contains(std::string(words[0]));
      });
}

/// Those that who asks does not see are not named: a forge shows the answer to others.
ServerResponse triggered_answer(const ApiCall& call, const std::vector<std::int64_t>& ids) {
  HydraJson names = HydraJson::array();
  call.farm().database().read([&](Database& database) {
    for (const auto id : ids) {
      try {
        names.push_back(seen_jobset(call, database, id).jobset.full_name());
      } catch (const NotFoundError&) {
        continue;
      }
    }
    return 0;
  });
  return api_answer({{"jobsetsTriggered", std::move(names)}});
}

std::vector<std::string> list_parameter(const ApiCall& call, std::string_view name) {
  std::vector<std::string> items;
  const auto text = call.parameter(name).value_or("");
  for (const auto piece : split(text, ',')) {
    if (!trim(piece).empty()) items.emplace_back(trim(piece));
  }
  return items;
}

/// `jobsets`: P:J,…; `repos`: URIs of inputs; `force`: those that are off, and unchanged ones, too.
ServerResponse hydra_push(ApiCall& call) {
  const auto named = list_parameter(call, "jobsets");
  std::set<std::string> keys;
  std::set<std::string> uris;
  for (const auto& uri : list_parameter(call, "repos")) {
    uris.insert(uri);
    if (const auto key = repository_key(uri)) keys.insert(*key);
  }
  if (named.empty() && uris.empty()) {
    throw InvalidError("specified are 'jobsets' (PROJECT:JOBSET,…) or 'repos' (URI,…), got none");
  }
  std::vector<std::int64_t> ids;
  const auto add = [&](std::int64_t id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  call.farm().database().read([&](Database& database) {
    for (const auto& name : named) {
      const auto colon = name.find(':');
      if (colon == name.npos) {
        throw InvalidError("specified are jobsets as PROJECT:JOBSET, got '" + printable(name) +
                           "'");
      }
      const auto seen = seen_jobset(call, database, name.substr(0, colon), name.substr(colon + 1));
      require(call.identity, Permission::evaluate_jobset, &seen.facts);
      add(seen.jobset.id);
    }
    if (uris.empty()) return 0;
    // Of a repository that many use, one's own.
    std::optional<ProjectFacts> refused;
    const auto before = ids.size();
    for (const auto& jobset : seen_jobsets(call, database, Jobsets(database).all())) {
      if (!has_input_with(jobset, keys, uris)) continue;
      const auto seen = seen_jobset(call, database, jobset.id);
      if (may(call.identity, Permission::evaluate_jobset, &seen.facts)) {
        add(jobset.id);
      } else {
        refused = seen.facts;
      }
    }
    if (ids.size() == before && named.empty() && refused) {
      require(call.identity, Permission::evaluate_jobset, &*refused);
    }
    return 0;
  });
  const bool force = call.flag_parameter("force").value_or(false);
  return triggered_answer(call, call.actions().trigger(ids, force));
}

/// The ways in which a forge's message writes its repository.
std::set<std::string> pushed_repositories(const nlohmann::json& message) {
  std::set<std::string> keys;
  const auto repository = message.find("repository");
  if (repository == message.end() || !repository->is_object()) {
    throw InvalidError("the message names no repository");
  }
  for (const auto* field : {"clone_url", "ssh_url", "git_url", "html_url"}) {
    const auto url = repository->find(field);
    if (url == repository->end() || !url->is_string()) continue;
    if (auto key = repository_key(url->get_ref<const std::string&>())) keys.insert(*std::move(key));
  }
  if (keys.empty()) throw InvalidError("the message names no URL of its repository");
  return keys;
}

/// A forge has no account here: it proves itself by its signature.
ServerResponse pushed_by_forge(ApiCall& call, const std::string& forge) {
  const auto& body = call.http.text;
  if (body.empty()) throw InvalidError("the message is empty");
  const auto secrets = call.farm().database().read(
      [](Database& database) { return Accounts(database).webhook_secrets(); });
  if (!is_signed_push(forge, call.http.request, body, secrets)) {
    throw SignInError("the message is not signed with a secret that is known here for " + forge);
  }
  const JsonLimits limits{kLargestPush, 32};
  const auto keys = pushed_repositories(parse_json_body(body, limits));
  std::vector<std::int64_t> ids;
  // That a webhook is there is no push.
  const auto event =
      call.http.request.headers.get(forge == "github" ? "X-GitHub-Event" : "X-Gitea-Event");
  if (event != "ping") {
    call.farm().database().read([&](Database& database) {
      for (const auto& jobset : Jobsets(database).all()) {
        if (has_input_with(jobset, keys, {})) ids.push_back(jobset.id);
      }
      return 0;
    });
  }
  return triggered_answer(call, call.actions().trigger(ids, false));
}

void add_forge_route(Router& router, const ApiContext& context, const std::string& forge) {
  Handling handling;
  handling.body = BodyMode::text;
  handling.body_limit = kLargestPush;
  handling.run = [&context, forge](HandlerCall& http) {
    // No browser sends it with somebody's cookie and a signature: nobody is signed in.
    ApiCall call{http, context, Identity()};
    return pushed_by_forge(call, forge);
  };
  router.add(RequestMethod::post, "/api/push-" + forge,
             answering(ErrorForm::hydra, context.accounts.report(), std::move(handling)));
}

}  // namespace

void add_push_routes(Router& router, const ApiContext& context) {
  for (const auto method : {RequestMethod::post, RequestMethod::put, RequestMethod::get}) {
    add_hydra_route(router, context, method, "/api/push", hydra_push);
  }
  add_forge_route(router, context, "github");
  add_forge_route(router, context, "gitea");
}

}  // namespace grange
