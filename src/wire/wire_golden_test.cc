#include <functional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "derivation/sample_files.h"
#include "wire/serve_operation.h"
#include "wire/wire_samples.h"
#include "wire/worker_handshake.h"

namespace grange {
namespace {

/// Upstream's characterisation data: which type each file holds, in which dialect.
struct WireGolden {
  std::string file;
  WireDialect dialect;
  /// Reads one value from the reader and, unless the writer is null, writes it.
  std::function<void(WireReader&, WireWriter*)> pass;
  std::size_t values = 0;  ///< 0: as many as its JSON twin has
  bool read_only = false;
};

template <typename T>
std::function<void(WireReader&, WireWriter*)> pass_as() {
  return [](WireReader& in, WireWriter* out) {
    const auto value = in.get<T>();
    if (out != nullptr) out->put(value);
  };
}

std::vector<WireGolden> goldens() {
  using Strings = std::set<std::string>;
  using List = std::vector<std::string>;
  const auto worker = [](unsigned minor) { return sample_dialect({1, minor}); };
  const auto serve = [](unsigned minor) { return sample_dialect({2, minor}); };
  auto by_path = worker(38);
  by_path.features.emplace(kFeatureRealisationWithPath);
  const auto serve_info = [](WireReader& in, WireWriter* out) {
    const auto info = read_serve_path_info(in, sample_path("foo"));
    if (out != nullptr) write_serve_path_info(*out, info);
  };
  // Three sets of texts and one of sets.
  const auto sets = [](WireReader& in, WireWriter* out) {
    for (int i = 0; i < 3; ++i) pass_as<Strings>()(in, out);
    pass_as<std::set<Strings>>()(in, out);
  };
  const auto lists = [](WireReader& in, WireWriter* out) {
    for (int i = 0; i < 3; ++i) pass_as<List>()(in, out);
    pass_as<std::vector<List>>()(in, out);
  };
  std::vector<WireGolden> all = {
      {"worker-protocol/build-mode", worker(34), pass_as<BuildMode>()},
      {"worker-protocol/build-result-1.27", worker(27), pass_as<WireBuildResult>()},
      {"worker-protocol/build-result-1.28", worker(28), pass_as<WireBuildResult>()},
      {"worker-protocol/build-result-1.29", worker(29), pass_as<WireBuildResult>()},
      {"worker-protocol/build-result-1.29-compat", worker(29), pass_as<WireBuildResult>(), 0, true},
      {"worker-protocol/build-result-1.37", worker(37), pass_as<WireBuildResult>()},
      {"worker-protocol/build-result-realisation-with-path-not-hash", by_path,
       pass_as<WireBuildResult>()},
      {"worker-protocol/client-handshake-info_1_30", worker(30), pass_as<WorkerServerInfo>(), 2},
      {"worker-protocol/client-handshake-info_1_33", worker(33), pass_as<WorkerServerInfo>(), 2},
      {"worker-protocol/client-handshake-info_1_35", worker(35), pass_as<WorkerServerInfo>(), 2},
      {"worker-protocol/derived-path-1.29", worker(29), pass_as<DerivedPath>()},
      {"worker-protocol/derived-path-1.30", worker(30), pass_as<DerivedPath>()},
      {"worker-protocol/drv-output-realisation-with-path-not-hash", by_path,
       pass_as<OutputOfDerivation>()},
      {"worker-protocol/handshake-to-client", worker(34), pass_as<std::uint64_t>(), 2},
      {"worker-protocol/keyed-build-result-1.29", worker(29),
       pass_as<std::pair<DerivedPath, WireBuildResult>>()},
      {"worker-protocol/optional-trusted-flag", worker(35), pass_as<PeerTrust>()},
      {"worker-protocol/realisation-realisation-with-path-not-hash", by_path,
       pass_as<NewRealisation>()},
      {"worker-protocol/unkeyed-realisation-realisation-with-path-not-hash", by_path,
       pass_as<RealisedOutput>()},
      {"worker-protocol/unkeyed-valid-path-info-1.15", worker(15), pass_as<UnkeyedPathInfo>()},
      {"worker-protocol/valid-path-info-1.15", worker(15), pass_as<PathInfo>()},
      {"worker-protocol/valid-path-info-1.16", worker(16), pass_as<PathInfo>()},
      {"serve-protocol/build-options-2.1", serve(1), pass_as<ServeBuildOptions>(), 1},
      {"serve-protocol/build-options-2.2", serve(2), pass_as<ServeBuildOptions>(), 1},
      {"serve-protocol/build-options-2.3", serve(3), pass_as<ServeBuildOptions>(), 1},
      {"serve-protocol/build-options-2.7", serve(7), pass_as<ServeBuildOptions>(), 1},
      {"serve-protocol/build-result-2.2", serve(2), pass_as<WireBuildResult>()},
      {"serve-protocol/build-result-2.3", serve(3), pass_as<WireBuildResult>()},
      {"serve-protocol/build-result-2.6", serve(6), pass_as<WireBuildResult>()},
      {"serve-protocol/build-result-2.7-compat", serve(7), pass_as<WireBuildResult>(), 0, true},
      {"serve-protocol/build-result-2.8", serve(8), pass_as<WireBuildResult>()},
      {"serve-protocol/drv-output-2.8", serve(8), pass_as<OutputOfDerivation>()},
      {"serve-protocol/handshake-to-client", serve(8), pass_as<std::uint64_t>(), 2},
      {"serve-protocol/realisation-2.8", serve(8), pass_as<NewRealisation>()},
      {"serve-protocol/unkeyed-realisation-2.8", serve(8), pass_as<RealisedOutput>()},
      {"serve-protocol/unkeyed-valid-path-info-2.3", serve(3), serve_info},
      {"serve-protocol/unkeyed-valid-path-info-2.4", serve(4), serve_info},
  };
  for (const std::string folder : {"common-protocol/", "worker-protocol/", "serve-protocol/"}) {
    const auto any = folder[0] == 's' ? serve(8) : worker(34);
    all.push_back({folder + "content-address", any, pass_as<ContentAddress>()});
    all.push_back({folder + "drv-output", any, pass_as<DrvOutput>()});
    all.push_back(
        {folder + "optional-content-address", any, pass_as<std::optional<ContentAddress>>()});
    all.push_back({folder + "optional-store-path", any, pass_as<std::optional<StorePath>>()});
    all.push_back({folder + "realisation-with-deps", any, pass_as<Realisation>()});
    all.push_back({folder + "set", any, sets, 1});
    all.push_back({folder + "store-path", any, pass_as<StorePath>()});
    all.push_back({folder + "string", any, pass_as<std::string>()});
    all.push_back({folder + "vector", any, lists, 1});
  }
  return all;
}

/// Realisations whose signatures are objects: no version ever sent such (nix-store.md §11).
const std::set<std::string> kUnusedGoldens = {
    "common-protocol/realisation", "worker-protocol/realisation", "serve-protocol/realisation"};

std::size_t values_of(const std::filesystem::path& twin) {
  const auto json = nlohmann::json::parse(read_file(twin));
  return json.is_array() ? json.size() : 1;
}

TEST(WireGolden, ReadAndWrittenByteForByte) {
  const auto root = shared_data("golden");
  if (!root) GTEST_SKIP() << "the shared data is absent (GRANGE_TEST_DATA)";
  for (const auto& golden : goldens()) {
    const auto bytes = read_file(*root / (golden.file + ".bin"));
    const auto values =
        golden.values != 0 ? golden.values : values_of(*root / (golden.file + ".json"));
    StringSource source(bytes);
    WireReader in(source, golden.dialect);
    StringSink sink;
    WireWriter out(sink, golden.dialect);
    for (std::size_t i = 0; i < values; ++i) {
      ASSERT_NO_THROW(golden.pass(in, golden.read_only ? nullptr : &out)) << golden.file;
    }
    EXPECT_EQ(read_all(source, bytes.size()), "") << golden.file;
    if (!golden.read_only) {
      EXPECT_EQ(sink.text(), bytes) << golden.file;
    }
  }
}

TEST(WireGolden, TruncatedAnywhereIsCorrupt) {
  const auto root = shared_data("golden");
  if (!root) GTEST_SKIP() << "the shared data is absent (GRANGE_TEST_DATA)";
  for (const auto& golden : goldens()) {
    const auto bytes = read_file(*root / (golden.file + ".bin"));
    const auto values =
        golden.values != 0 ? golden.values : values_of(*root / (golden.file + ".json"));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      StringSource source(std::string_view(bytes).substr(0, size));
      WireReader in(source, golden.dialect);
      const auto read_whole = [&] {
        for (std::size_t i = 0; i < values; ++i) golden.pass(in, nullptr);
      };
      EXPECT_THROW(read_whole(), CorruptError) << golden.file << " " << size;
    }
  }
}

TEST(WireGolden, EveryFileIsUsedOrListed) {
  const auto root = shared_data("golden");
  if (!root) GTEST_SKIP() << "the shared data is absent (GRANGE_TEST_DATA)";
  auto known = kUnusedGoldens;
  for (const auto& golden : goldens()) known.insert(golden.file);
  for (const std::string folder : {"common-protocol", "worker-protocol", "serve-protocol"}) {
    for (const auto& entry : std::filesystem::directory_iterator(*root / folder)) {
      // A JSON file tells what its twin holds.
      const auto file = folder + "/" + entry.path().stem().string();
      EXPECT_TRUE(known.contains(file)) << entry.path();
    }
  }
}

TEST(WireGolden, ValuesAreAsTheirTwinsTell) {
  const auto root = shared_data("golden");
  if (!root) GTEST_SKIP() << "the shared data is absent (GRANGE_TEST_DATA)";
  const auto dialect = sample_dialect({1, 37});
  const auto bytes = read_file(*root / "worker-protocol/build-result-1.37.bin");
  StringSource source(bytes);
  WireReader in(source, dialect);
  EXPECT_EQ(in.get<WireBuildResult>().status, WireBuildStatus::output_rejected);
  const auto second = in.get<WireBuildResult>();
  EXPECT_EQ(second.status, WireBuildStatus::not_deterministic);
  EXPECT_EQ(second.error, "no idea why");
  EXPECT_TRUE(second.not_deterministic);
  const auto third = in.get<WireBuildResult>();
  EXPECT_TRUE(is_success(third.status));
  EXPECT_EQ(third.times_built, 1U);
  EXPECT_EQ(third.start, 30);
  EXPECT_EQ(third.stop, 50);
  EXPECT_EQ(third.cpu_user, 500000000);
  EXPECT_EQ(third.cpu_system, 604000000);
  ASSERT_EQ(third.realisations.size(), 2U);
  EXPECT_EQ(third.realisations.begin()->first.output, "bar");
  EXPECT_EQ(third.realisations.begin()->second.out_path, sample_path("bar"));
}

}  // namespace
}  // namespace grange
