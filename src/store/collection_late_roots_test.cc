// Roots and references that appear while a collection runs.

#include <chrono>
#include <latch>
#include <thread>

#include <unistd.h>

#include "store/collection.h"
#include "store/store_schema.h"
#include "store/store_test_support.h"
#include "store/temporary_roots.h"

namespace grange {
namespace {

class LateRootsTest : public StoreTest {
 protected:
  /// A collection up to the point where the graph is known and nothing is deleted.
  struct Started {
    explicit Started(const StoreLocation& place)
        : location(place),
          lock(*lock_collector(location, true, {})),
          server(location, gate),
          rows(open_store_database(location, quick(), false)),
          graph(LivenessGraph::load(rows.database(), location.store_dir, {})),
          liveness(graph) {}

    CollectionResult finish() {
      Deletion deletion(location, options, graph, liveness, rows, gate, stop);
      deletion.delete_valid(liveness.dead_referrers_first());
      return deletion.finish();
    }

    const StoreLocation location;
    const CollectionOptions options;
    const std::stop_token stop;
    const FileDescriptor lock;
    DeletionGate gate;
    RootServer server;
    RowRemoval rows;
    LivenessGraph graph;
    Liveness liveness;
  };
  std::set<StorePath> valid() {
    const auto all = store().all_valid_paths();
    return {all.begin(), all.end()};
  }
};

TEST_F(LateRootsTest, ARootAddedMeanwhileIsHonouredWithAllItNeeds) {
  const auto a = add(path("a", '1'), "a");
  const auto b = add(path("b", '2'), "b", {a});
  add(path("c", '3'), "c", {b});
  reopen();
  Started started(location());
  store().add_temporary_roots({b});  // over the socket: the lock is taken
  EXPECT_EQ(started.finish().paths, 1U);
  EXPECT_EQ(valid(), (std::set{a, b}));
}

TEST_F(LateRootsTest, WhoAsksForWhatIsBeingDeletedWaits) {
  const auto a = add(path("a", '1'), "a");
  reopen();
  Started started(location());
  ASSERT_TRUE(started.gate.begin(a.hash_part()));
  std::atomic<bool> answered{false};
  std::jthread asker([&] {
    store().add_temporary_root(a);
    answered = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(answered);
  started.gate.end(a.hash_part());
  asker.join();
  EXPECT_TRUE(answered);
  EXPECT_FALSE(started.gate.begin(a.hash_part()));
}

TEST_F(LateRootsTest, WhatIsReferredToAnewStaysWithAllItNeeds) {
  const auto a = add(path("a", '1'), "a");
  const auto b = add(path("b", '2'), "b", {a});
  const auto c = add(path("c", '3'), "c");
  reopen();
  Started started(location());
  // Somebody who roots only what he adds, as copies over a daemon do.
  const auto fresh = add(path("fresh", '4'), "f", {b});
  EXPECT_EQ(started.finish().paths, 1U);
  EXPECT_EQ(valid(), (std::set{a, b, fresh}));
  EXPECT_FALSE(std::filesystem::exists(store().real_path(c)));
  EXPECT_TRUE(store().verify(true, {}).empty());
}

TEST_F(LateRootsTest, ManyProcessesCanAddRootsAtOnce) {
  std::set<StorePath> wanted;
  for (char digit = '0'; digit <= '9'; ++digit) wanted.insert(add(path("a", digit), "a"));
  reopen();
  Started started(location());
  {
    std::vector<std::jthread> threads;
    for (const auto& root : wanted) {
      threads.emplace_back([&, root] {
        TemporaryRoots roots(location());
        roots.add({root, path("not-valid")});
      });
    }
  }
  EXPECT_EQ(started.finish().paths, 0U);
  EXPECT_EQ(valid(), wanted);
}

}  // namespace
}  // namespace grange
