#include "wire/worker_request.h"

#include <gtest/gtest.h>

#include "wire/wire_samples.h"

namespace grange {
namespace {

TEST(WorkerRequest, EveryRequestOfEveryVersionGoesRound) {
  std::set<WorkerOperation> seen;
  for (const auto& dialect : sample_dialects()) {
    for (const auto& request : sample_requests(dialect)) {
      seen.insert(operation_of(request));
      const auto bytes = encode_request(dialect, request);
      const auto followed = bytes + "next";
      StringSource source(followed);
      WireReader in(source, dialect);
      const auto again = read_worker_request(in);
      EXPECT_EQ(again.index(), request.index());
      EXPECT_EQ(read_all(source, 100), "next") << to_string(operation_of(request));
      EXPECT_EQ(encode_request(dialect, again), bytes)
          << to_string(operation_of(request)) << " in " << dialect.version.to_string();
    }
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<WorkerRequest>);
}

TEST(WorkerRequest, TruncatedAnywhereIsCorrupt) {
  for (const unsigned minor : {16U, 22U, 26U, 30U, 34U, 38U}) {
    const auto dialect = sample_dialect({1, minor});
    for (const auto& request : sample_requests(dialect)) {
      const auto bytes = encode_request(dialect, request);
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        StringSource source(std::string_view(bytes).substr(0, size));
        WireReader in(source, dialect);
        EXPECT_THROW(read_worker_request(in), CorruptError)
            << to_string(operation_of(request)) << " " << size;
      }
    }
  }
}

template <typename Reply>
void expect_reply_goes_round(const WireDialect& dialect, const Reply& reply) {
  const auto bytes = encode(dialect, reply);
  StringSource source(bytes);
  WireReader in(source, dialect);
  EXPECT_EQ(encode(dialect, in.get<Reply>()), bytes);
  EXPECT_EQ(read_all(source, bytes.size()), "");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    StringSource cut(std::string_view(bytes).substr(0, size));
    WireReader cut_in(cut, dialect);
    EXPECT_THROW(cut_in.get<Reply>(), CorruptError);
  }
}

TEST(WorkerRequest, EveryReplyOfEveryVersionGoesRound) {
  const auto foo = sample_path("foo");
  for (const auto& dialect : sample_dialects()) {
    expect_reply_goes_round(dialect, IsValidPath::Reply{true});
    expect_reply_goes_round(dialect, QueryPathHash::Reply{hash_bytes(HashAlgorithm::sha256, "")});
    expect_reply_goes_round(dialect, QueryReferences::Reply{foo, sample_path("bar")});
    expect_reply_goes_round(dialect, AddToStore::Reply{foo, UnkeyedPathInfo(sample_info())});
    expect_reply_goes_round(dialect, AddTextToStore::Reply{foo});
    expect_reply_goes_round(dialect, BuildPaths::Reply{});
    expect_reply_goes_round(dialect, FindRoots::Reply{{"/a", foo}, {"/b", foo}});
    expect_reply_goes_round(dialect, QueryDeriver::Reply{});
    expect_reply_goes_round(dialect, CollectGarbage::Reply{{"/nix/store/x"}, 7});
    const SubstitutablePathInfo info{foo, {foo}, 1, 2};
    expect_reply_goes_round(dialect, QuerySubstitutablePathInfo::Reply{info});
    expect_reply_goes_round(dialect, QuerySubstitutablePathInfo::Reply{});
    expect_reply_goes_round(dialect, QuerySubstitutablePathInfos::Reply{{foo, info}});
    expect_reply_goes_round(dialect, QueryPathInfo::Reply{UnkeyedPathInfo(sample_info())});
    expect_reply_goes_round(dialect, QueryMissing::Reply{{foo}, {}, {foo}, 3, 4});
    expect_reply_goes_round(dialect, QueryDerivationOutputMap::Reply{{"a", {}}, {"out", foo}});
    expect_reply_goes_round(dialect, AddPermRoot::Reply{"/tmp/link"});
    WireBuildResult result;
    result.error = "why";
    result.cpu_user = 7;
    result.realisations.emplace(DrvOutput{sha256("id"), "out"}, sample_realisation(dialect));
    result.outputs.emplace("out", RealisedOutput{foo, {"key:AAAA"}});
    expect_reply_goes_round(dialect, result);
    expect_reply_goes_round(dialect,
                            BuildPathsWithResults::Reply{{DerivedPath::opaque(foo), result}});
    if (dialect.has(kFeatureRealisationWithPath)) {
      expect_reply_goes_round(dialect, RealisationReply{std::optional(RealisedOutput{foo})});
    } else if (dialect.at_least(31)) {
      expect_reply_goes_round(dialect, RealisationReply{std::vector{sample_realisation(dialect)}});
    } else {
      expect_reply_goes_round(dialect, RealisationReply{std::set{foo}});
    }
  }
}

TEST(WorkerRequest, HandMadeBytes) {
  const auto text = [](std::string_view content) {
    return encode(sample_dialect({1, 34}), std::string(content));
  };
  const auto number = [](std::uint64_t value) { return encode(sample_dialect({1, 34}), value); };
  const std::string foo = text("/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo");
  const auto at = [](unsigned minor, const WorkerRequest& request) {
    return encode_request(sample_dialect({1, minor}), request);
  };
  EXPECT_EQ(at(34, IsValidPath{sample_path("foo")}), number(1) + foo);
  EXPECT_EQ(at(26, QueryValidPaths{{sample_path("foo")}, true}), number(31) + number(1) + foo);
  EXPECT_EQ(at(27, QueryValidPaths{{sample_path("foo")}, true}),
            number(31) + number(1) + foo + number(1));
  const AddToStore archive{"n", {ContentMethod::recursive, HashAlgorithm::sha256}};
  EXPECT_EQ(at(24, archive), number(7) + text("n") + number(0) + number(1) + text("sha256"));
  EXPECT_EQ(at(25, archive),
            number(7) + text("n") + text("fixed:r:sha256") + number(0) + number(0));
  const AddToStore flat{"n", {ContentMethod::flat, HashAlgorithm::md5}};
  EXPECT_EQ(at(24, flat), number(7) + text("n") + number(1) + number(0) + text("md5"));
  EXPECT_EQ(at(34, AddBuildLog{sample_path("a.drv")}),
            number(45) + text("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-a.drv"));
  EXPECT_EQ(at(29, BuildPaths{{DerivedPath::outputs_of(sample_path("a.drv"), {"x"})}}),
            number(9) + number(1) + text("/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-a.drv!x") +
                number(0));
}

TEST(WorkerRequest, RefusesWhatAVersionDoesNotHave) {
  EXPECT_THROW(encode_request(sample_dialect({1, 31}), AddMultipleToStore{}), InvalidError);
  const ContentMethodAlgorithm as_text{ContentMethod::text, HashAlgorithm::sha256};
  EXPECT_THROW(encode_request(sample_dialect({1, 24}), AddToStore{"n", as_text}), InvalidError);
  EXPECT_THROW(encode_request(sample_dialect({1, 38}), SubmitOutput{{sample_path("a")}, "out"}),
               InvalidError);
  const auto dialect = sample_dialect({1, 38});
  for (const std::uint64_t number : {0U, 2U, 24U, 25U, 48U, 1000U, 5000U}) {
    const auto bytes = encode(dialect, number);
    StringSource source(bytes);
    WireReader in(source, dialect);
    EXPECT_THROW(read_worker_request(in), CorruptError) << number;
  }
}

TEST(WorkerRequest, StreamsGoByVersion) {
  const AddToStoreNar request{sample_info()};
  EXPECT_EQ(request_stream(sample_dialect({1, 20}), request), WireStream::nar);
  EXPECT_EQ(request_stream(sample_dialect({1, 22}), request), WireStream::pulled);
  EXPECT_EQ(request_stream(sample_dialect({1, 23}), request), WireStream::framed);
  EXPECT_EQ(reply_stream(NarFromPath{sample_path("foo")}), WireStream::nar);
}

}  // namespace
}  // namespace grange
