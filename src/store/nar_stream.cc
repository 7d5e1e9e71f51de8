#include "store/nar_stream.h"

#include <utility>

#include "archive/nar.h"
#include "base/pushed_source.h"

namespace grange {
namespace {

class SourceNar final : public NarStream {
 public:
  explicit SourceNar(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  void read_with(const std::function<void(Source&)>& use) override { use(*source_); }
  void write_to(Sink& sink) override { drain(*source_, sink); }
  bool is_well_formed() const override { return false; }

 private:
  std::unique_ptr<Source> source_;
};

class WrittenNar final : public NarStream {
 public:
  WrittenNar(std::function<void(Sink&)> write, bool well_formed)
      : write_(std::move(write)), well_formed_(well_formed) {}
  void read_with(const std::function<void(Source&)>& use) override { read_pushed(write_, use); }
  void write_to(Sink& sink) override { write_(sink); }
  bool is_well_formed() const override { return well_formed_; }

 private:
  std::function<void(Sink&)> write_;
  bool well_formed_;
};

}  // namespace

std::unique_ptr<NarStream> nar_from_source(std::unique_ptr<Source> source) {
  return std::make_unique<SourceNar>(std::move(source));
}

std::unique_ptr<NarStream> nar_from_writer(std::function<void(Sink&)> write) {
  return std::make_unique<WrittenNar>(std::move(write), /*well_formed=*/false);
}

std::unique_ptr<NarStream> nar_from_tree(const std::filesystem::path& path) {
  return std::make_unique<WrittenNar>([path](Sink& sink) { dump_nar(path, sink); },
                                      /*well_formed=*/true);
}

}  // namespace grange
