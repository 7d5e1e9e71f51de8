#include "evaluate/flake_reference.h"

#include <algorithm>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "http/url.h"

namespace grange {
namespace {

constexpr std::string_view kFlakeForms =
    "git+https://, git+http://, git+ssh://, git+file://, github:, gitlab:, sourcehut:, path:, "
    "tarball+https:// or https://";

bool is_flake_revision(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

[[noreturn]] void refuse_flake(std::string_view url, std::string_view problem) {
  throw InvalidError("flake '" + printable(url.substr(0, 200)) + "': " + std::string(problem));
}

/// "a/b": relative, and not upwards.
std::string checked_directory(std::string_view url, std::string_view directory) {
  for (const auto part : split(directory, '/')) {
    if (!directory.empty() && (part.empty() || part == ".." || part == ".")) {
      refuse_flake(url, "its directory must be relative and without '..'");
    }
  }
  if (directory.find('\0') != std::string_view::npos || !is_utf8(directory)) {
    refuse_flake(url, "its directory must be a text in UTF-8");
  }
  return std::string(directory);
}

/// What of a flake's URL is not the fetched thing's own.
struct FlakeQuery {
  std::string rest;  ///< the URL without them
  std::map<std::string, std::string> values;

  std::string value(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  }
};

FlakeQuery split_query(std::string_view text) {
  constexpr std::string_view kOwn[] = {"ref",        "rev",     "dir",          "host",
                                       "narHash",    "shallow", "lastModified", "revCount",
                                       "submodules", "allRefs"};
  const auto mark = text.find('?');
  FlakeQuery query{std::string(text.substr(0, mark)), {}};
  if (mark == std::string_view::npos) return query;
  // Any URL will do to read a query.
  const auto url = Url::parse("x://x/?" + std::string(text.substr(mark + 1)));
  std::vector<QueryParameter> others;
  for (auto& parameter : url.query()) {
    if (std::find(std::begin(kOwn), std::end(kOwn), parameter.key) == std::end(kOwn)) {
      others.push_back(std::move(parameter));
    } else {
      query.values.insert_or_assign(parameter.key, parameter.value.value_or(""));
    }
  }
  if (!others.empty()) {
    query.rest += "?" + Url::parse("x://x/").with_query(others).query_text().value_or("");
  }
  return query;
}

std::string git_value(std::string_view url, const std::string& uri, const std::string& revision,
                      const std::string& reference, bool submodules) {
  if (!revision.empty() && !is_flake_revision(revision)) {
    refuse_flake(url, "its revision must be 40 or 64 hexadecimal digits");
  }
  auto value = uri;
  if (!revision.empty()) value += " " + revision;
  if (!reference.empty()) value += " ref=" + reference;
  if (submodules) value += " submodules";
  return value;
}

std::string forge_host(std::string_view scheme, const std::string& host) {
  if (!host.empty()) return host;
  if (scheme == "github") return "github.com";
  return scheme == "gitlab" ? "gitlab.com" : "git.sr.ht";
}

bool is_forge(std::string_view scheme) {
  return scheme == "github" || scheme == "gitlab" || scheme == "sourcehut";
}

/// No value has words of its own.
void check_word(std::string_view url, std::string_view text) {
  if (text.empty() || text.find_first_of(" \t\r\n") != std::string_view::npos) {
    refuse_flake(url, "it must be without spaces, and complete");
  }
}

/// "OWNER/REPOSITORY[/REFERENCE]".
std::string forge_value(std::string_view url, std::string_view scheme, const FlakeQuery& query,
                        std::string_view path) {
  const auto owner_end = path.find('/');
  if (owner_end == std::string_view::npos) refuse_flake(url, "OWNER/REPOSITORY is missing");
  const auto name_end = path.find('/', owner_end + 1);
  const auto repository = path.substr(0, name_end);
  auto reference = query.value("ref");
  auto revision = query.value("rev");
  if (name_end != std::string_view::npos) {
    const std::string named(path.substr(name_end + 1));
    if (!reference.empty() || !revision.empty()) {
      refuse_flake(url, "a branch or revision is named twice");
    }
    (is_flake_revision(named) ? revision : reference) = named;
  }
  const auto suffix = scheme == "sourcehut" ? "" : ".git";
  return git_value(
      url,
      "https://" + forge_host(scheme, query.value("host")) + "/" + std::string(repository) + suffix,
      revision, reference, false);
}

std::string locked_text(const nlohmann::json& locked, const char* name) {
  const auto found = locked.find(name);
  return found != locked.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The archive that forges give of a revision, which is what Nix locks.
std::string archive_url(const std::string& type, const nlohmann::json& locked,
                        const std::string& revision) {
  const auto host = forge_host(type, locked_text(locked, "host"));
  const auto owner = locked_text(locked, "owner");
  const auto repository = locked_text(locked, "repo");
  if (type == "gitlab") {
    return "https://" + host + "/api/v4/projects/" + owner + "%2F" + repository +
           "/repository/archive.tar.gz?sha=" + revision;
  }
  return "https://" + host + "/" + owner + "/" + repository + "/archive/" + revision + ".tar.gz";
}

FlakeReference checked_reference(std::string_view url, FlakeReference reference) {
  try {
    parse_input(reference.input);
  } catch (Error& error) {
    error.add_context("in flake '" + printable(url.substr(0, 200)) + "'");
    throw;
  }
  return reference;
}

}  // namespace

FlakeReference parse_flake_reference(const std::string& name, std::string_view url) {
  check_word(url, url);
  if (url.find('#') != std::string_view::npos) {
    refuse_flake(url, "what is evaluated of it cannot be chosen by '#'");
  }
  const auto query = split_query(url);
  FlakeReference reference{{name, InputType::git, {}}, checked_directory(url, query.value("dir"))};
  auto& input = reference.input;
  const auto colon = url.find(':');
  const auto scheme = url.substr(0, colon == std::string_view::npos ? 0 : colon);
  const auto rest = std::string_view(query.rest);
  if (scheme.starts_with("git+")) {
    input.value = git_value(url, std::string(rest.substr(4)), query.value("rev"),
                            query.value("ref"), query.value("submodules") == "1");
  } else if (is_forge(scheme)) {
    input.value = forge_value(url, scheme, query, rest.substr(scheme.size() + 1));
  } else if (scheme == "path" || rest.starts_with('/')) {
    input.type = InputType::path;
    input.value = std::string(scheme == "path" ? rest.substr(5) : rest) + " 0";
  } else if (scheme.starts_with("tarball+") || scheme == "https" || scheme == "http") {
    input.type = InputType::tarball;
    input.value = scheme.starts_with("tarball+") ? rest.substr(8) : rest;
  } else {
    refuse_flake(url, "specified one that begins with " + std::string(kFlakeForms));
  }
  return checked_reference(url, std::move(reference));
}

FlakeReference locked_flake_reference(const std::string& name, const nlohmann::json& locked) {
  if (!locked.is_object())
    throw InvalidError("flake input '" + printable(name) + "' is not locked");
  const auto type = locked_text(locked, "type");
  const auto revision = locked_text(locked, "rev");
  const auto shown = "the locked input '" + name + "' of a flake";
  FlakeReference reference{{name, InputType::git, {}},
                           checked_directory(shown, locked_text(locked, "dir"))};
  auto& input = reference.input;
  if (type == "path") {
    input.type = InputType::path;
    const auto path = locked_text(locked, "path");
    if (!path.starts_with('/')) {
      refuse_flake(shown, "its path '" + printable(path.substr(0, 200)) +
                              "' is not absolute: inputs within the flake itself are not known");
    }
    check_word(shown, path);
    input.value = path + " 0";
  } else if (type == "git") {
    check_word(shown, locked_text(locked, "url"));
    if (revision.empty()) refuse_flake(shown, "it has no revision");
    const auto submodules = locked.find("submodules");
    input.value = git_value(shown, locked_text(locked, "url"), revision, "",
                            submodules != locked.end() && *submodules == true);
  } else if (is_forge(type)) {
    if (!is_flake_revision(revision)) refuse_flake(shown, "it has no revision");
    input.type = InputType::tarball;
    input.value = archive_url(type, locked, revision);
    check_word(shown, input.value);
  } else if (type == "tarball") {
    input.type = InputType::tarball;
    input.value = locked_text(locked, "url");
    check_word(shown, input.value);
  } else {
    refuse_flake(shown, "inputs of type '" + printable(type.substr(0, 100)) + "' are not known");
  }
  return checked_reference(shown, std::move(reference));
}

std::string flake_repository(std::string_view url) {
  try {
    const auto reference = parse_flake_reference("flake", url);
    if (reference.input.type != InputType::git) return "";
    return std::string(split_words(reference.input.value).front());
  } catch (const Error&) {
    return "";
  }
}

}  // namespace grange
