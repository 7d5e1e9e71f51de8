#pragma once

#include <string>
#include <vector>

#include "wire/worker_request.h"

namespace grange {

// What the tests of this house send.

inline StorePath sample_path(std::string_view name) {
  return StorePath::parse("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-" + std::string(name));
}

inline WireDialect sample_dialect(ProtocolVersion version) {
  return {StoreDir::nix(), version};
}

/// Every worker dialect that we speak, and one with all features.
inline std::vector<WireDialect> sample_dialects() {
  std::vector<WireDialect> dialects;
  for (unsigned minor = kOldestWorkerVersion.minor; minor <= kWorkerVersion.minor; ++minor) {
    dialects.push_back(sample_dialect({1, minor}));
  }
  dialects.push_back(dialects.back());
  for (const auto feature : {kFeatureRealisationWithPath, kFeatureDeadReferrers,
                             kFeatureAddScanning, kFeatureSubmitOutput}) {
    dialects.back().features.emplace(feature);
  }
  return dialects;
}

inline PathInfo sample_info() {
  PathInfo info(sample_path("foo"), hash_bytes(HashAlgorithm::sha256, "nar"));
  info.nar_size = 120;
  info.references = {sample_path("bar"), sample_path("foo")};
  info.deriver = sample_path("foo.drv");
  info.registration_time = 23423;
  info.ultimate = true;
  info.signatures = {"key:AAAA"};
  info.content_address =
      ContentAddress{ContentMethod::recursive, hash_bytes(HashAlgorithm::sha256, "nar")};
  return info;
}

inline WireDerivation sample_derivation(DerivationOutput output) {
  WireDerivation sample{sample_path("foo.drv"), {}};
  sample.derivation.name = "foo";
  sample.derivation.outputs.emplace("out", std::move(output));
  sample.derivation.input_sources = {sample_path("src")};
  sample.derivation.system = "x86_64-linux";
  sample.derivation.builder = "/bin/sh";
  sample.derivation.arguments = {"-c", "echo > $out"};
  sample.derivation.environment = {{"out", "/nix/store"}, {"x", ""}};
  return sample;
}

inline Realisation sample_realisation(const WireDialect& dialect) {
  Realisation sample{{sha256("id"), "out"}, sample_path("foo"), {}, {}};
  if (dialect.at_least(31)) sample.signatures = {"key:AAAA"};
  return sample;
}

/// At least one request of every operation that the dialect has.
inline std::vector<WorkerRequest> sample_requests(const WireDialect& dialect) {
  const auto foo = sample_path("foo");
  const auto drv = sample_path("foo.drv");
  const bool by_path = dialect.has(kFeatureRealisationWithPath);
  const std::vector<DerivedPath> targets = {DerivedPath::opaque(foo), DerivedPath::all_of(drv),
                                            DerivedPath::outputs_of(drv, {"a", "b"})};
  const OutputOfDerivation key{drv, "out"};
  const ContentMethodAlgorithm nar256{ContentMethod::recursive, HashAlgorithm::sha256};
  const Hash digest = hash_bytes(HashAlgorithm::sha256, "");
  std::vector<WorkerRequest> all = {
      IsValidPath{foo},
      HasSubstitutes{foo},
      QueryPathHash{foo},
      QueryReferences{foo},
      QueryReferrers{foo},
      AddToStore{"foo", nar256},
      AddToStore{"foo", {ContentMethod::flat, HashAlgorithm::sha1}},
      AddTextToStore{"foo", "text", {foo}},
      BuildPaths{targets, BuildMode::check},
      EnsurePath{foo},
      AddTempRoot{foo},
      AddIndirectRoot{"/tmp/link"},
      SyncWithGC{},
      FindRoots{},
      ExportPath{foo},
      QueryDeriver{foo},
      SetOptions{
          true, false, true, Verbosity::debug, 3, 4, false, 5, false, {{"a", "b"}, {"c", ""}}},
      CollectGarbage{},
      CollectGarbage{GarbageAction::delete_specific, {foo}, false, 7, false, false},
      QuerySubstitutablePathInfo{foo},
      QueryDerivationOutputs{drv},
      QueryAllValidPaths{},
      QueryPathInfo{foo},
      ImportPaths{},
      QueryDerivationOutputNames{drv},
      QueryPathFromHashPart{std::string(foo.hash_part())},
      QuerySubstitutablePathInfos{{{foo, std::nullopt}}},
      QueryValidPaths{{foo, drv}, dialect.at_least(27)},
      QuerySubstitutablePaths{{foo}},
      QueryValidDerivers{foo},
      OptimiseStore{},
      VerifyStore{true, false},
      BuildDerivation{sample_derivation(InputAddressedOutput{foo}), BuildMode::repair},
      BuildDerivation{sample_derivation(FixedOutput{{ContentMethod::flat, digest}, foo})},
      BuildDerivation{sample_derivation(FloatingOutput{nar256})},
      BuildDerivation{sample_derivation(ImpureOutput{nar256})},
      BuildDerivation{sample_derivation(DeferredOutput{})},
      AddSignatures{foo, {"key:AAAA"}},
      NarFromPath{foo},
      AddToStoreNar{sample_info(), true, false},
      QueryMissing{targets},
      QueryDerivationOutputMap{drv},
      AddMultipleToStore{false, true},
      AddBuildLog{drv},
      BuildPathsWithResults{targets},
      AddPermRoot{foo, "/tmp/link"},
      SubmitOutput{{drv, {"a", "b"}}, "out"},
      AddToStoreScanning{"foo", nar256},
  };
  if (by_path) {
    all.emplace_back(RegisterDrvOutput{NewRealisation{key, {foo, {"key:AAAA"}}}});
    all.emplace_back(QueryRealisation{key});
  } else {
    all.emplace_back(RegisterDrvOutput{sample_realisation(dialect)});
    all.emplace_back(QueryRealisation{DrvOutput{sha256("id"), "out"}});
  }
  if (dialect.at_least(25)) {
    all.emplace_back(AddToStore{"foo", {ContentMethod::text, HashAlgorithm::sha256}, {foo}, true});
    all.emplace_back(AddToStore{"foo", {ContentMethod::git, HashAlgorithm::sha1}});
  }
  std::erase_if(all, [&](const auto& one) { return !has_operation(dialect, operation_of(one)); });
  return all;
}

template <typename T>
std::string encode(const WireDialect& dialect, const T& value) {
  StringSink sink;
  WireWriter(sink, dialect).put(value);
  return sink.take();
}

inline std::string encode_request(const WireDialect& dialect, const WorkerRequest& request) {
  StringSink sink;
  WireWriter out(sink, dialect);
  write_worker_request(out, request);
  return sink.take();
}

}  // namespace grange
