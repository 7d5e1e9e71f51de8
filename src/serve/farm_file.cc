#include "serve/farm_file.h"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "farm/settings_check.h"
#include "serve/setting_fields.h"

namespace grange {
namespace {

using TomlJson = nlohmann::json;

constexpr std::size_t kMostProjects = 1000;
constexpr std::size_t kMostJobsets = 10'000;
constexpr std::size_t kMostTexts = 1000;
constexpr std::size_t kLargestSecretFile = 64 * 1024;
constexpr int kDeepestToml = 16;
constexpr std::int64_t kMostFileSeconds = std::int64_t{100} * 366 * 24 * 3600;
constexpr auto kSpelling = FieldSpelling::underscores;

std::string at_line(const std::filesystem::path& file, const toml::source_region& source) {
  return file.string() + ":" + std::to_string(source.begin.line);
}

/// The values that TOML and JSON have in common.
class TomlReader {
 public:
  explicit TomlReader(const std::filesystem::path& file) : file_(file) {}

  TomlJson object(const toml::table& table, int depth = 0) const {
    auto json = TomlJson::object();
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      check_text(name, node);
      json[name] = value(node, depth);
    }
    return json;
  }

 private:
  TomlJson value(const toml::node& node, int depth) const {
    if (depth >= kDeepestToml) refuse(node, "nested too deep");
    if (const auto* table = node.as_table()) return object(*table, depth + 1);
    if (const auto* array = node.as_array()) {
      auto json = TomlJson::array();
      for (const auto& one : *array) json.push_back(value(one, depth + 1));
      return json;
    }
    if (const auto* text = node.as_string()) {
      check_text(text->get(), node);
      return text->get();
    }
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* number = node.as_floating_point()) return number->get();
    if (const auto* flag = node.as_boolean()) return flag->get();
    refuse(node, "nothing here is a date or a time");
  }

  void check_text(const std::string& text, const toml::node& node) const {
    if (text.find('\0') != std::string::npos) refuse(node, "a text has a NUL in it");
  }

  [[noreturn]] void refuse(const toml::node& node, const std::string& message) const {
    throw InvalidError(at_line(file_, node.source()) + ": " + message);
  }

  const std::filesystem::path& file_;
};

/// The value that "a.b.c" names, or what it lies in where there is none.
const toml::node& nearest_node(const toml::node& node, std::string_view path) {
  const auto* table = node.as_table();
  if (table == nullptr || path.empty()) return node;
  const toml::node* found = nullptr;
  std::size_t longest = 0;
  // Names of jobsets may have dots.
  for (const auto& [key, value] : *table) {
    const auto name = key.str();
    const bool is_it = path == name || (path.size() > name.size() && path.starts_with(name) &&
                                        path[name.size()] == '.');
    if (is_it && name.size() >= longest) {
      found = &value;
      longest = name.size();
    }
  }
  if (found == nullptr) return node;
  return nearest_node(*found, path.substr(std::min(longest + 1, path.size())));
}

class FarmFileReader {
 public:
  FarmFileReader(const std::filesystem::path& file, FieldErrors& errors)
      : file_(file), errors_(errors) {}

  FarmFile read(const TomlJson& top) {
    result_.name = file_.string();
    JsonFields fields(top, errors_, {}, kSpelling);
    fields.optional_object("server", [&](JsonFields& of) { take_server(of); });
    fields.optional_object("build", [&](JsonFields& of) { take_build(of); });
    fields.optional_object("evaluate", [&](JsonFields& of) { take_evaluate(of); });
    fields.optional_object("failureLifetimes", [&](JsonFields& of) {
      take_lifetimes(of, top.at("failure_lifetimes"));
    });
    fields.optional_object("webhooks", [&](JsonFields& of) { take_webhooks(of); });
    fields.optional_objects(
        "projects", kMostProjects,
        [&](const std::string& name, JsonFields& of) { take_project_table(name, of); });
    fields.end();
    return std::move(result_);
  }

 private:
  std::filesystem::path absolute(const std::string& path) const {
    return (file_.parent_path() / path).lexically_normal();
  }
  std::optional<std::filesystem::path> take_path(JsonFields& fields, std::string_view name) {
    const auto text = fields.optional_text(name);
    if (!text) return std::nullopt;
    if (text->empty()) fields.refuse(name, "specified a path, got an empty text");
    return absolute(*text);
  }
  static std::optional<unsigned> take_unsigned(JsonFields& fields, std::string_view name,
                                               std::int64_t least, std::int64_t most) {
    const auto number = fields.optional_integer(name, least, most);
    return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
  }

  void take_server(JsonFields& fields) {
    auto& server = result_.server;
    server.listen = fields.optional_text("listen");
    server.base_url = fields.optional_text("baseUrl");
    server.database = fields.optional_text("database");
    server.database_file = take_path(fields, "databaseFile");
    if (server.database && server.database_file) {
      fields.refuse("databaseFile", "there is 'database' already");
    }
    server.state = take_path(fields, "state");
    server.evaluations = take_unsigned(fields, "evaluations", 1, 64);
    server.daemon_socket = fields.optional_text("daemonSocket");
    if (server.daemon_socket && *server.daemon_socket != "none") {
      if (server.daemon_socket->empty()) {
        fields.refuse("daemonSocket", "specified a path or none, got an empty text");
      }
      server.daemon_socket = absolute(*server.daemon_socket);
    }
    server.daemon_shares = take_unsigned(fields, "daemonShares", 1, 1'000'000);
  }

  void take_build(JsonFields& fields) {
    auto& build = result_.build;
    build.jobs = take_unsigned(fields, "jobs", 0, 1024);
    build.cores = take_unsigned(fields, "cores", 0, 65536);
    build.timeout = fields.optional_integer("timeout", 0, kMostFileSeconds);
    build.max_silent = fields.optional_integer("maxSilent", 0, kMostFileSeconds);
    build.max_log = fields.optional_integer("maxLog", 0, std::int64_t{1} << 30);
    build.store = take_path(fields, "store");
    build.sandbox = fields.optional_text("sandbox");
    if (build.sandbox && *build.sandbox != "on" && *build.sandbox != "off" &&
        *build.sandbox != "relaxed") {
      fields.refuse("sandbox", "specified on, off or relaxed, got '" +
                                   printable(build.sandbox->substr(0, 100)) + "'");
    }
    build.sandbox_paths = fields.optional_texts("sandboxPaths", kMostTexts);
    build.builders = fields.optional_texts("builders", kMostTexts);
    build.substituters = fields.optional_texts("substituters", kMostTexts);
    build.trusted_public_keys = fields.optional_texts("trustedPublicKeys", kMostTexts);
    build.min_free = fields.optional_text("minFree");
    build.max_free = fields.optional_text("maxFree");
  }

  void take_evaluate(JsonFields& fields) {
    auto& evaluate = result_.evaluate;
    evaluate.workers = take_unsigned(fields, "workers", 1, 1024);
    evaluate.max_memory = fields.optional_integer("maxMemory", 64, std::int64_t{1} << 24);
    evaluate.attribute_timeout = fields.optional_integer("attributeTimeout", 1, kMostFileSeconds);
    evaluate.timeout = fields.optional_integer("timeout", 0, kMostFileSeconds);
  }

  void take_lifetimes(JsonFields& fields, const TomlJson& table) {
    for (const auto& [key, value] : table.items()) {
      auto name = key;
      std::replace(name.begin(), name.end(), '_', ' ');
      const auto outcome = parse_outcome(name);
      if (!outcome || !is_lasting_failure(*outcome)) continue;  // end() refuses it
      if (value == "forever") {
        fields.pass_over(key);
        result_.failure_lifetimes.emplace(*outcome, std::nullopt);
      } else if (value.is_string()) {
        fields.pass_over(key);
        fields.refuse(key, "specified seconds or \"forever\", got '" +
                               printable(value.get<std::string>().substr(0, 100)) + "'");
      } else if (const auto seconds = fields.optional_integer(key, 0, kMostFileSeconds)) {
        result_.failure_lifetimes.emplace(*outcome, Seconds(static_cast<double>(*seconds)));
      }
    }
  }

  void take_webhooks(JsonFields& fields) {
    const std::pair<const char*, const char*> forges[] = {{"githubSecretFiles", "github"},
                                                          {"giteaSecretFiles", "gitea"}};
    for (const auto& [name, forge] : forges) {
      const auto files = fields.optional_texts(name, kMostTexts);
      if (!files) continue;
      for (const auto& file : *files) result_.webhooks.push_back({forge, absolute(file)});
    }
  }

  static std::string spelled_problem(const std::string& field) {
    return spelled_field(field, kSpelling);
  }

  void take_project_table(const std::string& name, JsonFields& fields) {
    const auto prefix = "projects." + name.substr(0, 300) + ".";
    if (fields.has("name")) fields.refuse("name", "its name is that of the table");
    auto taken = take_project(fields, name);
    DeclaredProject project;
    project.settings = std::move(taken.settings);
    project.settings.name = name;
    if (taken.members) project.members = std::move(*taken.members);
    for (const auto& [field, problem] : check_settings(project.settings)) {
      errors_.add(prefix + spelled_problem(field), problem);
    }
    fields.optional_objects("jobsets", kMostJobsets,
                            [&](const std::string& jobset, JsonFields& of) {
                              if (of.has("name"))
                                of.refuse("name", "its name is that of the table");
                              auto settings = take_jobset(of, jobset);
                              settings.name = jobset;
                              const auto path = prefix + "jobsets." + jobset.substr(0, 300) + ".";
                              for (const auto& [field, problem] : check_settings(settings)) {
                                errors_.add(path + spelled_problem(field), problem);
                              }
                              project.jobsets.push_back(std::move(settings));
                            });
    result_.projects.push_back(std::move(project));
  }

  const std::filesystem::path& file_;
  FieldErrors& errors_;
  FarmFile result_;
};

[[noreturn]] void refuse_farm_file(const std::filesystem::path& file, const toml::table& top,
                                   const InvalidFieldsError::Fields& problems) {
  std::vector<std::pair<toml::source_index, std::string>> lines;
  for (const auto& [field, problem] : problems) {
    const auto& source = nearest_node(top, field).source();
    lines.emplace_back(source.begin.line, at_line(file, source) + ": " + field + ": " + problem);
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  InvalidError error(lines.front().second);
  for (std::size_t i = 1; i < lines.size(); ++i) error.add_context(lines[i].second);
  throw error;
}

}  // namespace

FarmFile parse_farm_file(std::string_view text, const std::filesystem::path& file) {
  if (text.size() > kLargestFarmFile) {
    throw InvalidError("'" + file.string() + "' has " + std::to_string(text.size()) +
                       " bytes; the limit is " + std::to_string(kLargestFarmFile));
  }
  toml::table top;
  try {
    top = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw InvalidError(at_line(file, error.source()) + ": " +
                       printable(std::string_view(error.description())));
  }
  const auto json = TomlReader(file).object(top);
  FieldErrors errors;
  auto result = FarmFileReader(file, errors).read(json);
  try {
    errors.check();
  } catch (const InvalidFieldsError& error) {
    refuse_farm_file(file, top, error.fields());
  }
  return result;
}

FarmFile read_farm_file(const std::filesystem::path& file) {
  const auto absolute = std::filesystem::absolute(file).lexically_normal();
  return parse_farm_file(read_file(absolute, kLargestFarmFile), absolute);
}

std::string read_secret_file(const std::filesystem::path& file) {
  const auto text = read_file(file, kLargestSecretFile);
  auto line = std::string(trim(std::string_view(text).substr(0, text.find('\n'))));
  if (line.empty()) {
    throw InvalidError("the first line of '" + file.string() + "' is empty: it is to be a secret");
  }
  return line;
}

}  // namespace grange
