#pragma once

#include <filesystem>

namespace grange {

/// Enters a mount namespace (and, without privileges, a user namespace in which the caller keeps
/// its ids) that is like the host's but for `store_dir`, where `physical_store` stands. Nothing on
/// the host is changed, and the host need not have such a directory. Only for a process with one
/// thread. Throws NotFoundError when there is no physical store, DeniedError where the kernel
/// forbids it.
void enter_relocated_store(const std::filesystem::path& store_dir,
                           const std::filesystem::path& physical_store);

}  // namespace grange
