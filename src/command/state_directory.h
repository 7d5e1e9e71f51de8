#pragma once

#include <filesystem>

namespace grange {

/// $GRANGE_STATE_DIRECTORY, else $XDG_STATE_HOME/grange, else ~/.local/state/grange. Not created.
/// Throws NotFoundError when not even HOME is set.
std::filesystem::path default_state_directory();

/// Where things are below a state directory.
inline std::filesystem::path default_store_root(const std::filesystem::path& state) {
  return state / "store";
}
inline std::filesystem::path default_eval_store_root(const std::filesystem::path& state) {
  return state / "eval";
}
inline std::filesystem::path default_record_file(const std::filesystem::path& state) {
  return state / "record.sqlite";
}
/// What distant caches answered (store/lookup_cache.h).
inline std::filesystem::path default_lookup_file(const std::filesystem::path& state) {
  return state / "lookups.sqlite";
}
inline std::filesystem::path default_lookup_file() {
  return default_lookup_file(default_state_directory());
}
inline std::filesystem::path default_store_root() {
  return default_store_root(default_state_directory());
}
inline std::filesystem::path default_eval_store_root() {
  return default_eval_store_root(default_state_directory());
}

}  // namespace grange
