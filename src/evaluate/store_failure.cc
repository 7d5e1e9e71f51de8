#include "evaluate/store_failure.h"

#include <algorithm>
#include <array>
#include <string>

#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

// How the system and SQLite word it, in what nix 2.8 passes on.
constexpr std::array<std::string_view, 3> kFull = {"No space left on device", "Disk quota exceeded",
                                                   "database or disk is full"};
constexpr std::array<std::string_view, 2> kReadOnly = {"Read-only file system",
                                                       "attempt to write a readonly database"};
constexpr std::array<std::string_view, 3> kDamaged = {"database disk image is malformed",
                                                      "file is not a database", "disk I/O error"};

template <typename Texts>
bool has_one_of(std::string_view message, const Texts& texts) {
  return std::any_of(texts.begin(), texts.end(), [&](std::string_view text) {
    return message.find(text) != std::string_view::npos;
  });
}

}  // namespace

void throw_if_store_failed(std::string_view message, const std::filesystem::path& eval_store_root) {
  const auto about = [&](std::string_view what) {
    return "the eval store '" + eval_store_root.string() + "' " + std::string(what) + ": " +
           std::string(message);
  };
  if (has_one_of(message, kFull)) throw UnavailableError(about("has no room"));
  if (has_one_of(message, kReadOnly)) throw DeniedError(about("is read-only"));
  if (has_one_of(message, kDamaged)) {
    throw CorruptError(about("is damaged; remove it, it is made anew"));
  }
}

void check_store_writable(const std::filesystem::path& eval_store_root) {
  for (const auto* part : {"", "nix/store", "nix/var/nix/db"}) {
    const auto path = *part == '\0' ? eval_store_root : eval_store_root / part;
    if (::access(path.c_str(), F_OK) == 0 && ::access(path.c_str(), W_OK) != 0) {
      throw DeniedError("the eval store cannot be used: '" + path.string() +
                        "' cannot be written by this user");
    }
  }
}

}  // namespace grange
