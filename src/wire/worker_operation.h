#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/wire_dialect.h"

namespace grange {

/// The operations of the worker protocol by number (nix-store.md §8.3).
enum class WorkerOperation : std::uint64_t {
  is_valid_path = 1,
  has_substitutes = 3,
  query_path_hash = 4,
  query_references = 5,
  query_referrers = 6,
  add_to_store = 7,
  add_text_to_store = 8,
  build_paths = 9,
  ensure_path = 10,
  add_temp_root = 11,
  add_indirect_root = 12,
  sync_with_gc = 13,
  find_roots = 14,
  export_path = 16,
  query_deriver = 18,
  set_options = 19,
  collect_garbage = 20,
  query_substitutable_path_info = 21,
  query_derivation_outputs = 22,
  query_all_valid_paths = 23,
  query_path_info = 26,
  import_paths = 27,
  query_derivation_output_names = 28,
  query_path_from_hash_part = 29,
  query_substitutable_path_infos = 30,
  query_valid_paths = 31,
  query_substitutable_paths = 32,
  query_valid_derivers = 33,
  optimise_store = 34,
  verify_store = 35,
  build_derivation = 36,
  add_signatures = 37,
  nar_from_path = 38,
  add_to_store_nar = 39,
  query_missing = 40,
  query_derivation_output_map = 41,
  register_drv_output = 42,
  query_realisation = 43,
  add_multiple_to_store = 44,
  add_build_log = 45,
  build_paths_with_results = 46,
  add_perm_root = 47,
  submit_output = 1000,
  add_to_store_scanning = 1001,
};

/// The operation as the protocol calls it: "IsValidPath"; "operation" for one that is not listed.
std::string_view to_string(WorkerOperation operation) noexcept;

/// Nothing for a number that is no operation, also for those that were given up long ago.
std::optional<WorkerOperation> find_worker_operation(std::uint64_t number) noexcept;

/// Does the dialect have the operation? By the minor that brought it, and by its feature.
bool has_operation(const WireDialect& dialect, WorkerOperation operation) noexcept;

/// The minor that brought the operation; 0 where it is older than what we speak.
unsigned first_minor(WorkerOperation operation) noexcept;

}  // namespace grange
