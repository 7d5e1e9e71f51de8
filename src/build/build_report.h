#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <string_view>

#include "derivation/build_products.h"
#include "derivation/store_path.h"
#include "store/local_store.h"

namespace grange {

enum class ProductHashes { leave_out, compute };

/// Reads what the outputs of one build say about it. They are foreign: no symlink is followed, only
/// what lies below one of these outputs counts as a product, and files that are too large for what
/// they should be are passed over. Throws CancelledError, and SystemError for what the disk says.
BuildReport read_build_report(LocalStore& store, const std::map<std::string, StorePath>& outputs,
                              std::string_view derivation_name, ProductHashes hashes,
                              const std::stop_token& stop);

/// Why a build whose report names a failed output has failed.
std::string failed_output_message(std::string_view output);

}  // namespace grange
