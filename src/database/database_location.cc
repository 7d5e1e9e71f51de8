#include <memory>

#include <libpq-fe.h>

#include "base/error.h"
#include "database/database.h"

namespace grange {
namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";

bool is_postgres_url(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

/// What libpq reads in a URL, before environment and password file; null where it is none.
std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parse_url(const std::string& url) {
  char* message = nullptr;
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);  // not shown: it may quote what is secret
  return options;
}

std::string option(const PQconninfoOption* options, std::string_view keyword) {
  for (; options->keyword != nullptr; ++options) {
    if (keyword == options->keyword) return options->val == nullptr ? "" : options->val;
  }
  return {};
}

}  // namespace

DatabaseLocation DatabaseLocation::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    throw InvalidError("the location of a database holds a NUL");
  }
  if (is_postgres_url(text)) {
    DatabaseLocation location{DatabaseKind::postgresql, {}, std::string(text)};
    if (!parse_url(location.url)) {
      throw InvalidError("'" + location.shown() +
                         "' is no URL of PostgreSQL: look at its parameters and its escapes");
    }
    return location;
  }
  if (text.starts_with(kSqlitePrefix)) {
    text.remove_prefix(kSqlitePrefix.size());
  } else if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    throw InvalidError("'" + std::string(text.substr(0, scheme + 3)) +
                       "…' is no database: specified are postgresql://…, sqlite:FILE or a path");
  }
  if (text.empty()) throw InvalidError("the location of a database is empty");
  return {DatabaseKind::sqlite, text, {}};
}

std::string DatabaseLocation::shown() const {
  if (kind == DatabaseKind::sqlite) return file.string();
  const auto options = parse_url(url);
  if (!options) return "postgresql://…";
  // Built anew from what is no secret: nothing else of the URL can slip through.
  const auto user = option(options.get(), "user");
  const auto host = option(options.get(), "host");
  const auto port = option(options.get(), "port");
  const auto name = option(options.get(), "dbname");
  std::string text = "postgresql://";
  if (!user.empty()) text += user + "@";
  const bool socket = host.starts_with('/');
  const bool numeric = host.find(':') != std::string::npos;  // of version 6
  if (!socket) text += numeric ? "[" + host + "]" : host;
  if (!port.empty()) text += ":" + port;
  text += "/" + name;
  if (socket) text += "?host=" + host;
  return text;
}

}  // namespace grange
