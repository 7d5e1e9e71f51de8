#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "pages/page_template.h"

namespace grange {

/// The templates of web/templates (page_template.h), each parsed once; `{{> name}}` takes another
/// one in. Thread safe.
class PageTemplates {
 public:
  /// Throws CorruptError for one that cannot be parsed, or takes in what is not there.
  PageTemplates();
  ~PageTemplates();

  /// `name` without ".html". Throws NotFoundError where there is no such template.
  std::string render(std::string_view name, const nlohmann::ordered_json& model) const;

 private:
  std::map<std::string, std::unique_ptr<const PageTemplate>, std::less<>> templates_;
};

}  // namespace grange
