#include "store/nar_stream.h"

#include <utility>

#include "base/pushed_source.h"

namespace grange {
namespace {

class SourceNar final : public NarStream {
 public:
  explicit SourceNar(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  void read_with(const std::function<void(Source&)>& use) override { use(*source_); }
  void write_to(Sink& sink) override { drain(*source_, sink); }

 private:
  std::unique_ptr<Source> source_;
};

class WrittenNar final : public NarStream {
 public:
  explicit WrittenNar(std::function<void(Sink&)> write) : write_(std::move(write)) {}
  void read_with(const std::function<void(Source&)>& use) override { read_pushed(write_, use); }
  void write_to(Sink& sink) override { write_(sink); }

 private:
  std::function<void(Sink&)> write_;
};

}  // namespace

std::unique_ptr<NarStream> nar_from_source(std::unique_ptr<Source> source) {
  return std::make_unique<SourceNar>(std::move(source));
}

std::unique_ptr<NarStream> nar_from_writer(std::function<void(Sink&)> write) {
  return std::make_unique<WrittenNar>(std::move(write));
}

}  // namespace grange
