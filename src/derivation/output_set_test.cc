#include "derivation/output_set.h"

#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/derivation_graph.h"
#include "derivation/drv_output.h"
#include "derivation/sample_files.h"

namespace grange {
namespace {

/// The lines of `grange drv id` for everything in one golden directory.
void append_ids(const std::string& directory, const StoreDir& store, std::string& ids) {
  const auto texts = read_texts(golden_directory(directory));
  std::vector<StorePath> roots;
  for (const auto& [base_name, text] : texts) roots.push_back(StorePath::parse(base_name));
  const auto graph =
      DerivationGraph::load(store, roots, reader_of(texts), {.check_own_paths = true});
  for (const auto& root : roots) {
    const auto index = graph.find(root).value();
    EXPECT_EQ(graph.state(index), DerivationGraph::State::verified) << graph.problem(index);
    const auto set = graph.output_set(index);
    for (const auto& output : graph.output_names(index)) {
      ids += store.print(root) + " " + output + " " +
             DrvOutput{graph.drv_output_hash(index).value(), output}.to_string() + " " +
             (set ? set->to_string() : "-") + "\n";
    }
  }
}

TEST(OutputSet, GoldenValues) {
  std::string ids;
  append_ids("nix-store", StoreDir::nix(), ids);
  append_ids("gnu-store", StoreDir::parse("/gnu/store"), ids);
  EXPECT_EQ(ids, read_file(golden_directory("ids")));
}

// The texts that docs/formats/output-set.md shows, hashed as they stand.
TEST(OutputSet, IsTheDigestOfTheDocumentedText) {
  const auto store = StoreDir::nix();
  const auto dev = StorePath::parse("yd208k02hzzd70vlzni60k9dw6fvlwl1-two-dev");
  const auto out = StorePath::parse("xbss4m1a947zyrypzpi4fhp6c7ij42nl-two");
  const std::vector<PromisedOutput> outputs = {
      {.name = "dev", .kind = DerivationKind::input_addressed, .path = &dev},
      {.name = "out", .kind = DerivationKind::input_addressed, .path = &out}};
  const auto id = compute_output_set_id(store, outputs);
  EXPECT_EQ(id.bytes(), sha256("grange-output-set-1\n/nix/store\n"
                               "dev path /nix/store/yd208k02hzzd70vlzni60k9dw6fvlwl1-two-dev\n"
                               "out path /nix/store/xbss4m1a947zyrypzpi4fhp6c7ij42nl-two\n"));
  EXPECT_EQ(id.to_string(), "bc43a8f858a4ef26c6febe9fc2d0e90d7e0adff612b4945c82e5bdc27f0f937a");
}

TEST(OutputSet, EveryMethodAndAlgorithmCounts) {
  const auto store = StoreDir::nix();
  const auto path = StorePath::parse("53ig02hv6412nx42f15vfw57i1l3d28i-fixed");
  std::set<OutputSetId> ids;
  for (const char* text :
       {"fixed:sha256:", "fixed:r:sha256:", "text:sha256:", "fixed:git:sha256:"}) {
    const auto address = ContentAddress::parse(
        text + std::string("094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic"));
    const PromisedOutput output{
        .name = "out", .kind = DerivationKind::fixed, .path = &path, .address = &address};
    ids.insert(compute_output_set_id(store, {&output, 1}));
    ids.insert(compute_output_set_id(StoreDir::parse("/gnu/store"), {&output, 1}));
  }
  EXPECT_EQ(ids.size(), 8U);
  EXPECT_TRUE(ids.contains(
      OutputSetId::parse("50a47d3af5fe9e275d0cdc1b3492ed6c7abf0f9f47b5b5392900d252a08f6d85")));
}

TEST(OutputSetId, RoundTripsItsText) {
  const std::string hex = "50a47d3af5fe9e275d0cdc1b3492ed6c7abf0f9f47b5b5392900d252a08f6d85";
  EXPECT_EQ(OutputSetId::parse(hex).to_string(), hex);
  EXPECT_THROW(OutputSetId::parse(hex.substr(1)), InvalidError);
  EXPECT_THROW(OutputSetId::parse(hex.substr(1) + "x"), InvalidError);
}

}  // namespace
}  // namespace grange
