#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "serve/json_body.h"

/// A request's body. What is read must print to a text that reads back to the same value, and its
/// fields can be taken as anything without harm.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto body = parse_json_body(text, {.size = 65'536, .depth = 16});
    if (!body.is_object() || parse_json_body(body.dump()) != body) std::abort();
    FieldErrors errors;
    JsonFields fields(body, errors);
    const auto name = fields.optional_text("name", 100).value_or("");
    if (name.size() > 100 || !is_utf8(name) || name.find('\0') != name.npos) std::abort();
    const auto count = fields.integer("count", -5, 5);
    if (count < -5 || count > 5) std::abort();
    fields.optional_flag("flag");
    fields.optional_loose_flag("loose");
    if (fields.texts("texts", 3).size() > 3) std::abort();
    fields.optional_object("object", [](JsonFields& inner) { inner.text("name"); });
    fields.optional_objects("objects", 3,
                            [](const std::string&, JsonFields& inner) { inner.text("type"); });
    fields.end();
    errors.check();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) std::abort();
  }
  return 0;
}
