#pragma once

#include "pages/page_site.h"

namespace grange {

// Parts of the page of a build, of what the API says of it.

/// [{"name", "path", "url"}]
ApiJson outputs_view(const ApiJson& outputs);
/// [{"name", "type", "subtype", "size", "sha256", "url"}]
ApiJson products_view(const ApiJson& build);
/// What is said of it: [{"name", "value", "url"}], the url null where it leads nowhere.
ApiJson build_facts(const ApiJson& build);
/// The steps of a build as they began, with their place on an axis of time: {"rows", "ticks",
/// "total"}.
ApiJson steps_view(const PageCall& call, const ApiJson& build);
/// Why it was asked for: the verdict of its target in the evaluation that did, and with what it can
/// be compared; null where that is not known. The build must have been seen.
ApiJson reason_view(const PageCall& call, const ApiJson& build);
/// How to make it again: {"command", "url"} or {"problem"}.
ApiJson reproduce_view(const PageCall& call, const std::string& id);
/// Those of a list of builds that are seen, as rows; at most `most`.
ApiJson builds_by_number(const PageCall& call, const ApiJson& numbers, std::size_t most);

}  // namespace grange
