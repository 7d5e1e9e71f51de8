#include "evaluate/eval_jobs_line.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "evaluate/attribute_path.h"
#include "evaluate/nix_message.h"

namespace grange {
namespace {

using Json = nlohmann::json;

std::vector<std::string> attr_path_of(const Json& json) {
  if (const auto path = json.find("attrPath"); path != json.end()) {
    return path->get<std::vector<std::string>>();
  }
  return parse_attribute_path(json.at("attr").get<std::string>());
}

EvalJobsLine read(const Json& json) {
  EvalJobsLine line;
  line.attr_path = attr_path_of(json);
  if (const auto error = json.find("error"); error != json.end() && error->is_string()) {
    const auto text = error->get<std::string>();
    line.error = nix_error_message(text);
    if (line.error.empty()) line.error = trim(without_escapes(text));
    if (line.error.empty()) line.error = "it cannot be evaluated";
    return line;
  }
  line.derivation_path = json.at("drvPath").get<std::string>();
  if (const auto meta = json.find("meta"); meta != json.end() && meta->is_object()) {
    line.meta_json = meta->dump();
  }
  if (const auto members = json.find("constituents"); members != json.end()) {
    line.constituents = members->get<std::vector<std::string>>();
  }
  return line;
}

}  // namespace

EvalJobsLine parse_eval_jobs_line(std::string_view text) {
  try {
    return read(Json::parse(to_utf8(text)));
  } catch (const Json::exception&) {
  } catch (const InvalidError&) {
  }
  throw CorruptError("nix-eval-jobs printed '" + printable(text.substr(0, 200)) +
                     "', which is no line of its format");
}

}  // namespace grange
