#include "serve/openapi.h"

namespace grange {
namespace {

shape::Json store_path_schema() {
  const auto texts = shape::list_of(shape::text());
  const auto info = shape::object({{"narHash", shape::text()},
                                   {"narSize", shape::integer()},
                                   {"closureSize", shape::nullable(shape::integer())},
                                   {"deriver", shape::nullable(shape::text())},
                                   {"registered", shape::nullable(shape::time())},
                                   {"signatures", texts},
                                   {"contentAddress", shape::nullable(shape::text())},
                                   {"references", texts}});
  return shape::object(
      {{"name", shape::text()},
       {"path", shape::text()},
       {"info", shape::described(shape::nullable(info), "Null: it is not in the store any more.")},
       {"referrers", shape::described(texts, "Paths of the store that refer to it, the first.")},
       {"moreReferrers", shape::flag()},
       {"realisations", shape::described(shape::list_of(shape::ref("Realisation")),
                                         "Of which it is the output, the first registered.")},
       {"builds", shape::described(shape::list_of(shape::ref("Build")),
                                   "That have it as output, the newest first.")}});
}

shape::Json store_files_schema() {
  const auto entry = shape::object(
      {{"path", shape::text()},
       {"depth", shape::integer()},
       {"type", shape::one_of({"directory", "regular", "symlink", "other"})},
       {"size", shape::nullable(shape::integer())},
       {"executable", shape::flag()},
       {"target", shape::nullable(shape::text())},
       {"listed", shape::described(shape::flag(), "What this directory holds follows it.")}});
  return shape::object(
      {{"type", shape::one_of({"directory", "regular"})},
       {"size", shape::nullable(shape::integer())},
       {"text", shape::described(shape::nullable(shape::text()),
                                 "The beginning of a file that is a text.")},
       {"entries", shape::list_of(entry)},
       {"cut", shape::described(shape::flag(), "The text goes on, the directory has more.")}});
}

}  // namespace

void describe_store_paths(ApiDescription& api) {
  constexpr std::string_view kTag = "derivations";
  constexpr auto kGet = RequestMethod::get;
  api.schema("StorePath", store_path_schema());
  api.schema("StoreFiles", store_files_schema());
  api.add(kGet, "/api/v1/store-paths/{path}", "getStorePath", kTag,
          "A path of the store, by its name (DIGEST-NAME)")
      .answers(200, shape::ref("StorePath"));
  api.add(kGet, "/api/v1/store-paths/{path}/files", "getStorePathFiles", kTag,
          "What it holds: a directory's tree, or a file's beginning")
      .takes("file", shape::text(), "What is meant, relative to the path; itself if missing.")
      .takes("limit", shape::integer(1), "So many entries of the tree at most.")
      .answers(200, shape::ref("StoreFiles"));
}

}  // namespace grange
