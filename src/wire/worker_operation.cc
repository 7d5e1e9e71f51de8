#include "wire/worker_operation.h"

namespace grange {
namespace {

struct OperationRow {
  WorkerOperation operation;
  std::string_view name;
  unsigned minor = 0;
  std::string_view feature = {};
};

using Op = WorkerOperation;

constexpr OperationRow kOperations[] = {
    {Op::is_valid_path, "IsValidPath"},
    {Op::has_substitutes, "HasSubstitutes"},
    {Op::query_path_hash, "QueryPathHash"},
    {Op::query_references, "QueryReferences"},
    {Op::query_referrers, "QueryReferrers"},
    {Op::add_to_store, "AddToStore"},
    {Op::add_text_to_store, "AddTextToStore"},
    {Op::build_paths, "BuildPaths"},
    {Op::ensure_path, "EnsurePath"},
    {Op::add_temp_root, "AddTempRoot"},
    {Op::add_indirect_root, "AddIndirectRoot"},
    {Op::sync_with_gc, "SyncWithGC"},
    {Op::find_roots, "FindRoots"},
    {Op::export_path, "ExportPath"},
    {Op::query_deriver, "QueryDeriver"},
    {Op::set_options, "SetOptions"},
    {Op::collect_garbage, "CollectGarbage"},
    {Op::query_substitutable_path_info, "QuerySubstitutablePathInfo"},
    {Op::query_derivation_outputs, "QueryDerivationOutputs"},
    {Op::query_all_valid_paths, "QueryAllValidPaths"},
    {Op::query_path_info, "QueryPathInfo"},
    {Op::import_paths, "ImportPaths"},
    {Op::query_derivation_output_names, "QueryDerivationOutputNames"},
    {Op::query_path_from_hash_part, "QueryPathFromHashPart"},
    {Op::query_substitutable_path_infos, "QuerySubstitutablePathInfos", 12},
    {Op::query_valid_paths, "QueryValidPaths", 12},
    {Op::query_substitutable_paths, "QuerySubstitutablePaths", 12},
    {Op::query_valid_derivers, "QueryValidDerivers"},
    {Op::optimise_store, "OptimiseStore"},
    {Op::verify_store, "VerifyStore"},
    {Op::build_derivation, "BuildDerivation"},
    {Op::add_signatures, "AddSignatures", 16},
    {Op::nar_from_path, "NarFromPath", 0},
    {Op::add_to_store_nar, "AddToStoreNar", 17},
    {Op::query_missing, "QueryMissing", 19},
    {Op::query_derivation_output_map, "QueryDerivationOutputMap", 22},
    {Op::register_drv_output, "RegisterDrvOutput", 27},
    {Op::query_realisation, "QueryRealisation", 27},
    {Op::add_multiple_to_store, "AddMultipleToStore", 32},
    {Op::add_build_log, "AddBuildLog", 32},
    {Op::build_paths_with_results, "BuildPathsWithResults", 34},
    {Op::add_perm_root, "AddPermRoot", 36},
    {Op::submit_output, "SubmitOutput", 38, kFeatureSubmitOutput},
    {Op::add_to_store_scanning, "AddToStoreScanning", 38, kFeatureAddScanning},
};

const OperationRow* find_operation_row(std::uint64_t number) noexcept {
  for (const auto& row : kOperations) {
    if (static_cast<std::uint64_t>(row.operation) == number) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view to_string(WorkerOperation operation) noexcept {
  const auto* row = find_operation_row(static_cast<std::uint64_t>(operation));
  return row != nullptr ? row->name : "operation";
}

std::optional<WorkerOperation> find_worker_operation(std::uint64_t number) noexcept {
  const auto* row = find_operation_row(number);
  if (row == nullptr) return std::nullopt;
  return row->operation;
}

bool has_operation(const WireDialect& dialect, WorkerOperation operation) noexcept {
  const auto* row = find_operation_row(static_cast<std::uint64_t>(operation));
  return row != nullptr && dialect.at_least(row->minor) &&
         (row->feature.empty() || dialect.has(row->feature));
}

unsigned first_minor(WorkerOperation operation) noexcept {
  const auto* row = find_operation_row(static_cast<std::uint64_t>(operation));
  return row != nullptr ? row->minor : 0;
}

}  // namespace grange
