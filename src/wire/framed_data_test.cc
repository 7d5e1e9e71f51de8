#include "wire/framed_data.h"

#include <gtest/gtest.h>

#include "archive/nar_format.h"
#include "base/error.h"
#include "wire/path_streams.h"
#include "wire/wire_samples.h"

namespace grange {
namespace {

std::string framed(std::string_view data) {
  StringSink sink;
  FramedSink frames(sink);
  frames.write(data);
  frames.finish();
  return sink.take();
}

/// The archive of a file.
std::string file_archive(std::string_view content) {
  std::string nar;
  for (const std::string_view tag : {"nix-archive-1", "(", "type", "regular", "contents"}) {
    append_nar_string(nar, tag);
  }
  append_nar_string(nar, content);
  append_nar_string(nar, ")");
  return nar;
}

TEST(FramedData, GoesRound) {
  EXPECT_EQ(framed(""), std::string(8, '\0'));
  EXPECT_EQ(framed("ab"), std::string("\2\0\0\0\0\0\0\0ab\0\0\0\0\0\0\0\0", 18));
  for (const std::size_t size : {1U, 1000U, 32768U, 32769U, 200000U}) {
    const std::string data(size, 'x');
    const auto bytes = framed(data) + "rest";
    StringSource source(bytes);
    FramedSource frames(source);
    EXPECT_EQ(read_all(frames, size), data);
    EXPECT_EQ(read_all(source, 10), "rest");
  }
}

TEST(FramedData, FinishPassesOverTheRest) {
  const auto bytes = framed(std::string(1000, 'x')) + "rest";
  StringSource source(bytes);
  FramedSource frames(source);
  char some[10];
  frames.read_exactly(some, sizeof some);
  frames.finish(990);
  frames.finish(0);
  EXPECT_EQ(read_all(source, 10), "rest");
  StringSource again(bytes);
  FramedSource bounded(again);
  EXPECT_THROW(bounded.finish(999), CorruptError);
}

TEST(FramedData, TruncatedAnywhereIsCorrupt) {
  const auto bytes = framed("abc");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    StringSource source(std::string_view(bytes).substr(0, size));
    FramedSource frames(source);
    EXPECT_THROW(frames.finish(100), CorruptError);
  }
}

TEST(PathStreams, MultipleObjectsGoRound) {
  const auto nar = file_archive("hello");
  StringSink sink;
  MultipleWriter writer(sink, StoreDir::nix(), 2);
  for (int i = 0; i < 2; ++i) {
    StringSource archive(nar);
    writer.add(sample_info(), archive);
  }
  writer.finish();
  StringSource source(sink.text());
  int objects = 0;
  read_multiple(source, StoreDir::nix(), {}, [&](const PathInfo& info, const NarCopier& copy) {
    EXPECT_EQ(info.path, sample_info().path);
    EXPECT_EQ(info.signatures, sample_info().signatures);
    if (objects++ == 0) return;  // passed over
    StringSink copied;
    copy(copied);
    EXPECT_EQ(copied.text(), nar);
  });
  EXPECT_EQ(objects, 2);
  EXPECT_EQ(read_all(source, 1), "");
}

TEST(PathStreams, ExportGoesRound) {
  const auto nar = file_archive("hello");
  StringSink sink;
  StringSource archive(nar);
  write_export(sink, StoreDir::nix(), {sample_path("foo"), {sample_path("bar")}}, archive);
  write_export_end(sink, StoreDir::nix());
  const auto read = [&](std::string_view bytes) {
    StringSource source(bytes);
    std::string seen;
    read_export(source, StoreDir::nix(), {}, [&](const NarCopier& copy) {
      StringSink copied;
      copy(copied);
      EXPECT_EQ(copied.text(), nar);
      return [&](const ExportedPath& object) { seen += object.path.name(); };
    });
    return seen;
  };
  EXPECT_EQ(read(sink.text()), "foo");
  for (std::size_t size = 0; size < sink.text().size(); size += 8) {
    EXPECT_THROW(read(std::string_view(sink.text()).substr(0, size)), CorruptError);
  }
}

}  // namespace
}  // namespace grange
