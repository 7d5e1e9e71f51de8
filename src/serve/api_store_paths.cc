#include <algorithm>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/api_sight.h"
#include "serve/output_file.h"
#include "serve/output_listing.h"

namespace grange {
namespace {

constexpr std::size_t kShownBuilds = 50;
constexpr std::size_t kShownReferrers = 200;
constexpr std::size_t kMostRealisations = 100;
constexpr std::size_t kShownText = 64 * 1024;
constexpr std::size_t kDeepestListed = 12;

/// What the path in the request names, as far as who asks may know it.
struct SeenStorePath {
  StorePath path;
  std::optional<PathInfo> info;  ///< nothing: it is not in the store (any more)
  std::vector<BuildRow> builds;  ///< that have it as output, of those that are seen
};

std::vector<BuildRow> seen_builds_with(Sight& sight, Database& database, const StorePath& path) {
  auto builds = Builds(database).with_output(path.hash_part(), true, kShownBuilds);
  std::vector<std::int64_t> ids;
  for (const auto& build : builds) ids.push_back(build.id);
  const auto outputs = Builds(database).outputs(std::span<const std::int64_t>(ids));
  // They were looked for by the digest alone, which another name may stand behind.
  const auto has_it = [&](const BuildRow& build) {
    const auto own = outputs.find(build.id);
    return own != outputs.end() &&
           std::any_of(own->second.begin(), own->second.end(),
                       [&](const auto& output) { return output.second == path; });
  };
  std::erase_if(builds, [&](const BuildRow& build) {
    return !sight.sees_jobset(build.jobset) || !has_it(build);
  });
  return builds;
}

SeenStorePath seen_store_path(const ApiCall& call, Database& database) {
  const auto& text = call.text("path");
  const auto missing = [&] {
    return NotFoundError("there is no store path '" + printable(text) + "'");
  };
  const auto path = StorePath::try_parse(text);
  if (!path) throw missing();
  SeenStorePath seen{*path, call.farm().workshop().store().path_info(*path), {}};
  Sight sight(call, database);
  if (!sight.sees_store_path(*path, seen.info ? seen.info->deriver : std::nullopt)) throw missing();
  seen.builds = seen_builds_with(sight, database, *path);
  if (!seen.info && seen.builds.empty() && !Derivations(database).find(*path)) throw missing();
  return seen;
}

/// Those that who asks may know of; `cut` where there are more than were looked at.
ApiJson referrers_json(const ApiCall& call, Database& database, const StorePath& path, bool& cut) {
  auto& store = call.farm().workshop().store();
  Sight sight(call, database);
  ApiJson list = ApiJson::array();
  std::set<StorePath> asked;
  for (const auto& referrer : store.referrers(path)) {
    if (referrer == path) continue;
    if (asked.size() == kShownReferrers) {
      cut = true;
      break;
    }
    asked.insert(referrer);
  }
  const auto infos =
      sight.sees_everything() ? std::map<StorePath, PathInfo>() : store.path_infos(asked);
  for (const auto& referrer : asked) {
    const auto info = infos.find(referrer);
    const auto deriver = info == infos.end() ? std::nullopt : info->second.deriver;
    if (sight.sees_store_path(referrer, deriver)) list.push_back(referrer.base_name());
  }
  return list;
}

ApiJson info_json(const ApiCall& call, const PathInfo& info) {
  ApiJson references = ApiJson::array();
  for (const auto& reference : info.references) references.push_back(reference.base_name());
  const auto registered = TimePoint(std::chrono::seconds(info.registration_time));
  const auto closure = call.farm().workshop().store().closure_sizes({{info.path}});
  return {
      {"narHash", info.nar_hash.digits(HashFormat::sri)},
      {"narSize", info.nar_size},
      {"closureSize", !closure.empty() && closure.front() ? ApiJson(*closure.front()) : ApiJson()},
      {"deriver", info.deriver ? ApiJson(info.deriver->base_name()) : ApiJson()},
      {"registered", info.registration_time > 0 ? ApiJson(api_time(registered)) : ApiJson()},
      {"signatures", info.signatures},
      {"contentAddress",
       info.content_address ? ApiJson(info.content_address->to_string()) : ApiJson()},
      {"references", std::move(references)}};
}

ServerResponse get_store_path(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_store_path(call, database);
    ApiJson answer{{"name", seen.path.base_name()},
                   {"path", call.farm().workshop().config().store_dir.print(seen.path)},
                   {"info", seen.info ? info_json(call, *seen.info) : ApiJson()}};
    ApiJson realisations = ApiJson::array();
    auto& workshop = call.farm().workshop();
    for (const auto& one : workshop.store().realisations_of(seen.path, kMostRealisations)) {
      realisations.push_back(api_realisation(one, workshop.config().store_dir));
    }
    answer["realisations"] = std::move(realisations);
    bool cut = false;
    answer["referrers"] = referrers_json(call, database, seen.path, cut);
    answer["moreReferrers"] = cut;
    Jobsets jobsets(database);
    ApiJson builds = ApiJson::array();
    for (const auto& build : seen.builds) {
      const auto jobset = jobsets.find(build.jobset);
      builds.push_back(api_build(build, jobset ? &*jobset : nullptr));
    }
    answer["builds"] = std::move(builds);
    return answer;
  }));
}

/// The beginning of a file where it is a text: UTF-8 without NUL. Cut between characters.
std::optional<std::string> text_of(const FileBody& file) {
  std::string text(std::min<std::uint64_t>(file.length, kShownText), '\0');
  std::size_t read = 0;
  while (read < text.size()) {
    const auto got = ::pread(file.file->get(), text.data() + read, text.size() - read,
                             static_cast<off_t>(file.offset + read));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading a file of an output");
    if (got == 0) break;
    read += static_cast<std::size_t>(got);
  }
  text.resize(read);
  if (text.find('\0') != text.npos) return std::nullopt;
  constexpr int kLongestCharacter = 4;
  const bool is_cut = file.length > read;
  for (int dropped = 0; dropped < kLongestCharacter; ++dropped) {
    if (is_utf8(text)) return text;
    if (!is_cut || text.empty()) break;
    text.pop_back();
  }
  return std::nullopt;
}

ApiJson entry_json(const ListedEntry& entry) {
  const bool is_file = entry.type == ListedEntry::Type::regular;
  return {{"path", printable(entry.path)},
          {"depth", entry.depth},
          {"type", to_string(entry.type)},
          {"size", is_file ? ApiJson(entry.size) : ApiJson()},
          {"executable", entry.executable},
          {"target",
           entry.type == ListedEntry::Type::symlink ? ApiJson(printable(entry.target)) : ApiJson()},
          {"listed", entry.is_listed}};
}

ServerResponse get_store_path_files(ApiCall& call) {
  const auto path = call.farm().database().read([&](Database& database) {
    const auto seen = seen_store_path(call, database);
    if (!seen.info) throw NotFoundError("the path is not in the store");
    return seen.path;
  });
  const auto relative = call.parameter("file").value_or("");
  const auto limit = call.limit(500, 5000);
  const auto real = call.farm().workshop().store().real_path(path);
  const auto opened = open_output_file(real, relative);
  if (opened.body) {
    auto text = text_of(*opened.body);
    const bool is_cut = text && text->size() < opened.body->length;
    return api_answer({{"type", "regular"},
                       {"size", opened.body->length},
                       {"text", text ? ApiJson(*std::move(text)) : ApiJson()},
                       {"entries", ApiJson::array()},
                       {"cut", is_cut}});
  }
  const auto listing = list_output(real, relative, limit, kDeepestListed);
  ApiJson entries = ApiJson::array();
  for (const auto& entry : listing.entries) entries.push_back(entry_json(entry));
  return api_answer({{"type", "directory"},
                     {"size", nullptr},
                     {"text", nullptr},
                     {"entries", std::move(entries)},
                     {"cut", listing.cut}});
}

}  // namespace

void add_store_path_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/store-paths/{path}", get_store_path);
  add_api_route(router, context, RequestMethod::get, "/api/v1/store-paths/{path}/files",
                get_store_path_files);
}

}  // namespace grange
