// Roots and references that appear while a collection runs.

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <latch>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/stream.h"
#include "store/collection.h"
#include "store/collector_socket.h"
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
  /// Empty when refused, which is all that may go wrong.
  FileDescriptor connect() const {
    errno = 0;
    FileDescriptor socket = connect_to_collector_socket(location().state);
    EXPECT_TRUE(socket || errno == ECONNREFUSED) << strerror(errno);
    return socket;
  }
  /// Says to the collector that runs, as nix does, that `path` is needed; the connection, once it
  /// has the answer.
  FileDescriptor tell(const StorePath& root) const {
    FileDescriptor socket = connect();
    FdSink(socket.get()).write(StoreDir::nix().print(root) + "\n");
    char answer = 0;
    EXPECT_EQ(::read(socket.get(), &answer, 1), 1);
    EXPECT_EQ(answer, '1');
    return socket;
  }
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

TEST_F(LateRootsTest, EndsWhenWhatItWasToldIsWritten) {
  const auto file = location().state / "temproots" / std::to_string(::getpid());
  std::filesystem::create_directories(file.parent_path());
  const FileDescriptor roots = open_file(file, O_RDWR | O_CREAT, 0600);
  DeletionGate gate;
  std::optional<RootServer> server(std::in_place, location(), gate);
  const FileDescriptor client = tell(path("a"));
  std::atomic<bool> ended{false};
  std::jthread ending([&] {
    server.reset();
    ended = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(ended);
  FdSink(roots.get()).write(StoreDir::nix().print(path("a")) + '\0');
  ending.join();
  char byte = 0;
  EXPECT_EQ(::read(client.get(), &byte, 1), 0);  // who tells it more hears that it has ended
}

/// nix 2.8 takes what is not there, and a reset, for having been heard.
TEST_F(LateRootsTest, WhoFindsTheLockTakenFindsTheSocketToo) {
  const FileDescriptor lock = open_file(location().state / "gc.lock", O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_FALSE(lock_collector(location(), false, {}));
  EXPECT_FALSE(connect());
}

TEST_F(LateRootsTest, ConnectionsEndWithoutAReset) {
  const std::string line = StoreDir::nix().print(path("a")) + "\n";
  std::atomic<bool> enough{false};
  std::atomic<int> ends{0};
  const FileDescriptor lock = *lock_collector(location(), true, {});
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!enough) {
        const FileDescriptor socket = connect();
        if (!socket) continue;  // refused
        if (::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) {
          EXPECT_EQ(errno, EPIPE);
          continue;
        }
        char answer = 0;
        const ssize_t count = ::read(socket.get(), &answer, 1);
        EXPECT_GE(count, 0) << strerror(errno);
        if (count == 0) ++ends;
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    DeletionGate gate;
    const RootServer server(location(), gate);
    if (i % 2 == 0) std::this_thread::yield();
  }
  enough = true;
  clients.clear();
  EXPECT_GT(ends, 0);
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
