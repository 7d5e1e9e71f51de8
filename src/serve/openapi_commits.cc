#include "serve/openapi.h"

namespace grange {

void describe_commits(ApiDescription& api) {
  api.schema("Commit", shape::object({{"id", shape::integer()},
                                      {"uri", shape::text()},
                                      {"branch", shape::nullable(shape::text())},
                                      {"revision", shape::text()},
                                      {"author", shape::text()},
                                      {"authored", shape::time()},
                                      {"subject", shape::text()},
                                      {"firstSeen", shape::time()}}));
  api.add(RequestMethod::get, "/api/v1/commits", "listCommits", "commits",
          "What came into the branches that inputs follow, the newest first")
      .must_have("project", shape::text(), "Of what its jobsets follow.")
      .takes("jobset", shape::text(), "Of what this jobset of `project` follows.")
      .takes("input", shape::text(), "Of what this input of `jobset` follows.")
      .takes("branch", shape::text(), "Of this branch or tag.")
      .paged("before", shape::integer())
      .answers(200, shape::page_of("commits", "Commit"))
      .refuses(404);
}

}  // namespace grange
