#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "store/local_store.h"

namespace grange {

/// See LocalStore::verify. In parallel; problems come sorted by path.
std::vector<StoreProblem> verify_store(LocalStore& store, bool check_contents,
                                       const std::stop_token& stop);

/// What is wrong with the files of a valid path; nothing where they are what is registered, or
/// where the path is not valid (any more). What cannot be read is a problem of the path.
std::optional<std::string> object_problem(LocalStore& store, const StorePath& path,
                                          bool check_contents);

}  // namespace grange
