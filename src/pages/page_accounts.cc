#include <algorithm>

#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"

namespace grange {
namespace {

/// A path of this server to go on to; the overview where it names anything else.
std::string way_back(const std::string& asked) {
  // Browsers take a backslash for "/", and leave out tabs and ends of lines before they look.
  const bool is_plain = std::none_of(asked.begin(), asked.end(), [](unsigned char c) {
    return c <= ' ' || c == '\\' || c == 0x7f;
  });
  const bool is_ours = is_plain && asked.starts_with('/') && !asked.starts_with("//");
  return is_ours ? asked : "/";
}

}  // namespace

void add_account_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/login", "login", [](PageCall& call) -> ApiJson {
    return {{"title", "Sign in"}, {"then", way_back(call.parameter("then"))}};
  });
  // The secret is behind the "#", which browsers tell no server: a script reads it.
  add_page(router, site, "/setup", "setup", [](PageCall&) -> ApiJson {
    return {{"title", "Make the administrator"}};
  });
}

}  // namespace grange
