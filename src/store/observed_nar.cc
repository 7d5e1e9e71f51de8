#include "store/observed_nar.h"

#include <utility>

namespace grange {
namespace {

class ObservedNar final : public NarStream {
 public:
  ObservedNar(std::unique_ptr<NarStream> nar, std::function<void(std::uint64_t)> moved)
      : nar_(std::move(nar)), counter_(std::move(moved)) {}

  void read_with(const std::function<void(Source&)>& use) override {
    nar_->read_with([&](Source& source) {
      TeeSource tee(source, counter_);
      use(tee);
    });
    counter_.tell();
  }
  void write_to(Sink& sink) override {
    TeeSink tee(sink, counter_);
    nar_->write_to(tee);
    counter_.tell();
  }
  bool is_well_formed() const override { return nar_->is_well_formed(); }

 private:
  /// Tells in pieces that are worth it; not when it is destroyed, since telling may throw.
  class CopyCounter final : public Sink {
   public:
    explicit CopyCounter(std::function<void(std::uint64_t)> moved) : moved_(std::move(moved)) {}
    void write(std::string_view data) override {
      bytes_ += data.size();
      if (bytes_ >= kWorthTelling) tell();
    }
    void tell() {
      if (bytes_ > 0) moved_(std::exchange(bytes_, 0));
    }

   private:
    static constexpr std::uint64_t kWorthTelling = std::uint64_t{1} << 20;
    std::function<void(std::uint64_t)> moved_;
    std::uint64_t bytes_ = 0;
  };

  std::unique_ptr<NarStream> nar_;
  CopyCounter counter_;
};

}  // namespace

std::unique_ptr<NarStream> observed_nar(std::unique_ptr<NarStream> nar,
                                        std::function<void(std::uint64_t)> moved) {
  return std::make_unique<ObservedNar>(std::move(nar), std::move(moved));
}

}  // namespace grange
