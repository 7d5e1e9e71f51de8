#include "record/derivations.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/compression.h"
#include "base/error.h"
#include "base/file.h"
#include "database/testing_databases.h"
#include "derivation/sample_files.h"
#include "derivation/target_map_file.h"
#include "record/derivation_text.h"
#include "record/rows.h"
#include "record/schema.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> kTwoNames = {"0c3jg7mbzp0n4szy3b4spcmkpzcymnlk-hello-2.10",
                                            "1v8h6sw1jdlhi2k1n1lmrgkbgvfylmzj-hello-2.10.drv"};

TEST(DerivationText, PathsBecomeNumbersAndComeBack) {
  const std::string text = "a /nix/store/" + kTwoNames[0] + "/bin \1 \1\1 /nix/store/" +
                           kTwoNames[1] + " /nix/store/" + kTwoNames[1];
  const auto brief = abbreviate_derivation(text, kTwoNames);
  constexpr char kBrief[] = "a /nix/store/\1\1/bin \1\0 \1\0\1\0 /nix/store/\1\2 /nix/store/\1\2";
  EXPECT_EQ(brief, std::string(kBrief, sizeof(kBrief) - 1));
  EXPECT_EQ(expand_derivation(brief, kTwoNames, 1000), text);
}

TEST(DerivationText, WhatOnlyLooksLikeAPathStays) {
  for (const std::string& text :
       {"/" + kTwoNames[0].substr(0, 40), kTwoNames[0], "/" + kTwoNames[0].substr(0, 33) + "other",
        std::string("/"), std::string()}) {
    EXPECT_EQ(abbreviate_derivation(text, kTwoNames), text);
    EXPECT_EQ(expand_derivation(text, kTwoNames, 1000), text);
  }
}

TEST(DerivationText, RefusesWhatCannotHaveBeenWritten) {
  EXPECT_THROW(expand_derivation("\1\3", kTwoNames, 1000), CorruptError);
  EXPECT_THROW(expand_derivation("\1", kTwoNames, 1000), CorruptError);
  EXPECT_THROW(expand_derivation("\1\x80", kTwoNames, 1000), CorruptError);
  EXPECT_THROW(expand_derivation(std::string(100, '\1'), kTwoNames, 1000), CorruptError);
  std::string bomb;
  for (int i = 0; i < 100; ++i) bomb += "\1\1";
  EXPECT_THROW(expand_derivation(bomb, kTwoNames, 1000), CorruptError);
  EXPECT_THROW(unpack_output_names("\3out", "hello"), CorruptError);
  EXPECT_THROW(unpack_output_names("\3o/t01234567890123456789", "hello"), CorruptError);
}

class DerivationsTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    database_ = open_database(location(), {.durable = false});
    migrate_record(*database_);
  }

  std::vector<std::int64_t> add(const DerivationGraph& graph,
                                std::span<const DerivationIndex> roots,
                                const DerivationReader& reader) {
    Transaction transaction(*database_);
    auto ids = Derivations(*database_).add(graph, roots, reader);
    transaction.commit();
    return ids;
  }

  /// All are there, and every so many-th is looked at.
  void expect_all_texts(const Texts& texts, std::size_t every = 1) {
    Derivations derivations(*database_);
    std::size_t different = 0;
    std::size_t found = 0;
    for (const auto& [name, text] : texts) {
      const auto row = derivations.find(StorePath::parse(name));
      if (!row) continue;
      if (found++ % every == 0 && derivations.text(row->id) != text) ++different;
    }
    EXPECT_EQ(found, texts.size());
    EXPECT_EQ(different, 0U);
  }

  Database& database() { return *database_; }
  std::int64_t ask(std::string_view sql) { return find_integer(*database_, sql).value(); }

 private:
  std::unique_ptr<Database> database_;
};

std::vector<DerivationIndex> all_of(const DerivationGraph& graph) {
  const auto order = graph.topological_order();
  return {order.begin(), order.end()};
}

DerivationGraph graph_of(const Texts& texts, const StoreDir& store = kNix) {
  std::vector<StorePath> roots;
  for (const auto& [name, text] : texts) roots.push_back(StorePath::parse(name));
  return DerivationGraph::load(store, roots, reader_of(texts));
}

TEST_P(DerivationsTest, TextsComeBackByteByByte) {
  for (const auto* store : {"nix-store", "gnu-store"}) {
    const auto texts = read_texts(golden_directory(store));
    ASSERT_FALSE(texts.empty());
    const auto graph = graph_of(
        texts, StoreDir::parse(store == std::string("nix-store") ? "/nix/store" : "/gnu/store"));
    add(graph, all_of(graph), reader_of(texts));
    expect_all_texts(texts);
  }
}

TEST_P(DerivationsTest, WhatIsThereIsNotAddedAgain) {
  const auto texts = read_texts(golden_directory("nix-store"));
  const auto graph = graph_of(texts);
  const auto all = all_of(graph);
  std::vector<std::int64_t> ids;
  for (const auto index : all) ids.push_back(add(graph, {&index, 1}, reader_of(texts)).front());
  EXPECT_EQ(add(graph, all, reader_of(texts)), ids);
  EXPECT_EQ(ask("SELECT count(*) FROM derivations"), static_cast<std::int64_t>(texts.size()));
  expect_all_texts(texts);
}

TEST_P(DerivationsTest, TextsOfEarlierVersionsStayReadable) {
  const auto texts = read_texts(golden_directory("nix-store"));
  const auto graph = graph_of(texts);
  const auto all = all_of(graph);
  add(graph, {all.data(), all.size() / 2}, reader_of(texts));
  // As the rows were before there were batches.
  for (const auto& [name, text] : texts) {
    const auto packed = compress(Compression::zstd, text);
    const auto path = StorePath::parse(name);
    const auto digest = *nix32_decode(path.hash_part());
    run(database(), "UPDATE derivations SET content = ?1, outputs = NULL WHERE digest = ?2",
        BlobValue{{reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size()}},
        BlobValue{digest});
  }
  run(database(), "DELETE FROM derivation_texts");
  add(graph, all, reader_of(texts));
  expect_all_texts(texts);
}

TEST_P(DerivationsTest, RefusesWhatABrokenDatabaseSays) {
  const auto texts = read_texts(golden_directory("nix-store"));
  const auto graph = graph_of(texts);
  const auto ids = add(graph, all_of(graph), reader_of(texts));
  const auto with_inputs = ask("SELECT max(id) FROM derivations WHERE length(inputs) > 0");
  const auto text = [&] { return Derivations(database()).text(with_inputs); };
  EXPECT_NO_THROW(text());
  run(database(), "UPDATE derivation_texts SET dictionary = 77");
  EXPECT_THROW(text(), CorruptError);
  run(database(), "UPDATE derivation_texts SET dictionary = 0, content = ?1",
      BlobValue{graph.output_set(0) ? graph.output_set(0)->bytes() : ByteView()});
  EXPECT_THROW(text(), CorruptError);
  run(database(), "DELETE FROM derivation_texts");
  EXPECT_THROW(text(), CorruptError);
  EXPECT_THROW(Derivations(database()).text(4711), NotFoundError);
}

/// All of the shared derivations, in two additions as two evaluations make them.
TEST_P(DerivationsTest, TheWholeSharedGraphComesBackByteByByte) {
  const auto archive = shared_data("drvs.tar.zst");
  if (!archive) GTEST_SKIP() << "the shared data is absent (GRANGE_TEST_DATA)";
  if (!is_sqlite()) GTEST_SKIP() << "is the same, and takes long";
  const auto texts = texts_of_tar(decompress(Compression::zstd, read_file(*archive)));
  const auto graph = graph_of(texts);
  for (const auto* name : {"r2015-06-11.map.json.zst", "s-mirror.map.json.zst"}) {
    std::vector<DerivationIndex> roots;
    for (const auto& [label, target] : read_target_map_file(*shared_data(name)).targets) {
      roots.push_back(graph.find(target.derivation).value());
    }
    add(graph, roots, reader_of(texts));
  }
  add(graph, all_of(graph), reader_of(texts));
  // All of them take a minute, and ten with sanitizers: for the soak.
  expect_all_texts(texts, std::getenv("GRANGE_EVERY_TEXT") != nullptr ? 1 : 100);
}

GRANGE_FOR_BOTH_DATABASES(DerivationsTest);

}  // namespace
}  // namespace grange
