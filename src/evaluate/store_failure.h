#pragma once

#include <filesystem>
#include <string_view>

namespace grange {

/// Throws when `message`, an error of nix, is no fault of the expression but of the eval store: it
/// has no room (UnavailableError), is read-only (DeniedError) or is damaged (CorruptError).
void throw_if_store_failed(std::string_view message, const std::filesystem::path& eval_store_root);

/// Throws DeniedError when this user cannot write to an eval store that is there already.
void check_store_writable(const std::filesystem::path& eval_store_root);

}  // namespace grange
