#include "store/serve_store.h"

#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/file.h"
#include "store/fake_daemon.h"
#include "wire/path_streams.h"
#include "wire/serve_operation.h"

namespace grange {
namespace {

/// The server's end, with a store in memory.
class FakeServe {
 public:
  explicit FakeServe(ProtocolVersion version) : version_(version) {}

  std::unique_ptr<BuildingStore> open() {
    ServeStoreOptions options;
    options.shown = "fake";
    options.connect = [this] {
      auto [ours, theirs] = make_peer("fake");
      ++connections;
      threads_.emplace_back([this, end = std::make_shared<FileDescriptor>(std::move(theirs))] {
        try {
          serve(end->get());
        } catch (const Error&) {  // the client has gone
        }
        end->reset();
      });
      return std::move(ours);
    };
    return open_serve_store(std::move(options));
  }

  std::map<StorePath, std::string> nars;
  std::vector<WireDerivation> built;
  std::atomic<int> connections = 0;

 private:
  void serve(int fd) {
    FdSource source(fd);
    QuietSink sink(fd);
    BufferedSink out(sink);
    const auto dialect = greet_serve_client(source, out, StoreDir::nix(), version_);
    out.flush();
    WireReader reader(source, dialect);
    WireWriter writer(out, dialect);
    for (;;) {
      reader.start_message();
      answer(read_serve_request(reader), source, writer);
      out.flush();
    }
  }

  void answer(const ServeRequest& request, Source& source, WireWriter& writer) {
    if (const auto* valid = std::get_if<ServeQueryValidPaths>(&request)) {
      std::set<StorePath> there;
      for (const auto& path : valid->paths) {
        if (nars.contains(path)) there.insert(path);
      }
      writer.put(there);
    } else if (const auto* asked = std::get_if<ServeQueryPathInfos>(&request)) {
      ServePathInfos infos;
      for (const auto& path : asked->paths) {
        if (!nars.contains(path)) continue;
        PathInfo info(path, hash_bytes(HashAlgorithm::sha256, nars.at(path)));
        info.nar_size = nars.at(path).size();
        infos.infos.push_back(std::move(info));
      }
      writer.put(infos);
    } else if (const auto* dump = std::get_if<ServeDumpStorePath>(&request)) {
      const auto found = nars.find(dump->path);
      if (found == nars.end()) throw NotFoundError("not there");
      writer.sink().write(found->second);
    } else if (const auto* add = std::get_if<ServeAddToStoreNar>(&request)) {
      StringSink nar;
      copy_nar(source, nar);
      nars[add->info.path] = nar.take();
      writer.number(1);
    } else if (std::holds_alternative<ServeImportPaths>(request)) {
      read_export(source, StoreDir::nix(), {}, [&](const NarCopier& copy) {
        StringSink nar;
        copy(nar);
        return [this, text = nar.take()](const ExportedPath& path) { nars[path.path] = text; };
      });
      writer.number(1);
    } else if (const auto* build = std::get_if<ServeBuildDerivation>(&request)) {
      built.push_back(build->derivation);
      WireBuildResult result;
      result.status = WireBuildStatus::built;
      writer.put(result);
    } else {
      throw InvalidError("not in the script");
    }
  }

  ProtocolVersion version_;
  std::vector<std::jthread> threads_;
};

class ServeStoreVersions : public testing::TestWithParam<unsigned> {};

TEST_P(ServeStoreVersions, HasWhatIsServed) {
  FakeServe fake({2, GetParam()});
  const TemporaryDirectory directory;
  write_file(directory.path() / "file", std::string(300'000, 'x'));
  StringSink dumped;
  dump_nar(directory.path() / "file", dumped);
  const auto nar = dumped.take();
  const auto path = [](char digit) { return StorePath::parse(std::string(32, digit) + "-thing"); };
  fake.nars[path('1')] = nar;
  const auto store = fake.open();
  EXPECT_EQ(store->valid_among({path('1'), path('2')}), std::set{path('1')});
  const auto infos = store->path_infos({path('1'), path('2')});
  ASSERT_EQ(infos.size(), 1U);
  EXPECT_EQ(infos.begin()->second.nar_size, nar.size());
  StringSink read;
  store->open_nar(path('1'))->write_to(read);
  EXPECT_EQ(read.text(), nar);

  PathInfo info(path('3'), hash_bytes(HashAlgorithm::sha256, nar));
  info.nar_size = nar.size();
  const auto stream = nar_from_source(std::make_unique<StringSource>(nar));
  store->add(info, *stream);
  EXPECT_EQ(fake.nars.at(path('3')), nar);

  EXPECT_TRUE(store->realisations({{Sha256{}, "out"}}).empty());
  EXPECT_THROW(store->register_realisations({{{Sha256{}, "out"}, path('1'), {}}}), InvalidError);
  EXPECT_EQ(fake.connections, 1) << "each use gave it back whole";
}

INSTANTIATE_TEST_SUITE_P(All, ServeStoreVersions, testing::Values(4, 5, 7, 8));

TEST(ServeStore, AFailureEndsTheConnection) {
  FakeServe fake({2, 7});
  const auto store = fake.open();
  const auto none = StorePath::parse(std::string(32, '1') + "-thing");
  EXPECT_THROW(store->open_nar(none)->read_with([](Source& source) {
    NullSink nowhere;
    drain(source, nowhere);
  }),
               Error);
  EXPECT_TRUE(store->valid_among({none}).empty());
  EXPECT_EQ(fake.connections, 2);
}

}  // namespace
}  // namespace grange
