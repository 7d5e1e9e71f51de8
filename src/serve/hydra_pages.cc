#include "serve/hydra_pages.h"

#include "base/error.h"

namespace grange {
namespace {

/// Further pages are those of somebody who plays.
constexpr std::int64_t kLastPage = 1'000'000'000;

}  // namespace

HydraPage hydra_page_of(const ApiCall& call) {
  HydraPage page;
  page.number = call.integer_parameter("page").value_or(1);
  if (page.number < 1 || page.number > kLastPage) {
    throw InvalidError("specified a page from 1 on, got " + std::to_string(page.number));
  }
  return page;
}

std::string hydra_path(std::string_view prefix, std::int64_t id, std::string_view rest) {
  auto path = std::string(prefix) + std::to_string(id);
  if (!rest.empty()) path += "/" + std::string(rest);
  return path;
}

}  // namespace grange
