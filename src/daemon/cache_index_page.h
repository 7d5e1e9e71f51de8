#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/signature.h"
#include "store/binary_cache.h"

namespace grange {

/// What people see who open a cache in a browser.
struct CachePage {
  std::string url;  ///< as the client called it
  CacheInfo info;
  std::vector<PublicKey> keys;  ///< that it signs with
  bool takes_uploads = false;
};

/// A whole HTML document without scripts or anything from elsewhere.
std::string print_cache_page(const CachePage& page);

/// Text that stands for itself in HTML, attributes included.
std::string escape_html(std::string_view text);

}  // namespace grange
