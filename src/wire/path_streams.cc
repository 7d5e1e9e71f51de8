#include "wire/path_streams.h"

#include "archive/nar.h"

namespace grange {
namespace {

constexpr std::uint64_t kExportMagic = 0x4558494e;

WireDialect fixed_dialect(const StoreDir& store, const WireLimits& limits = {}) {
  return {store, {1, 16}, {}, limits};
}

/// Lets the archive be copied once, and passes over it where nobody did.
template <typename Take>
auto with_copier(Source& source, Take&& take) {
  bool copied = false;
  const NarCopier copier = [&](Sink& sink) {
    if (copied) throw InvalidError("an archive can be copied once only");
    copied = true;
    copy_nar(source, sink);
  };
  const auto pass_over = [&] {
    NullSink nowhere;
    if (!copied) copy_nar(source, nowhere);
  };
  if constexpr (std::is_void_v<decltype(take(copier))>) {
    take(copier);
    pass_over();
  } else {
    auto result = take(copier);
    pass_over();
    return result;
  }
}

}  // namespace

void read_multiple(Source& framed, const StoreDir& store, const WireLimits& limits,
                   const std::function<void(const PathInfo&, const NarCopier&)>& take) {
  const auto dialect = fixed_dialect(store, limits);
  WireReader in(framed, dialect);
  for (auto left = in.count(); left > 0; --left) {
    in.start_message();
    const auto info = in.get<PathInfo>();
    with_context([&] { return "while receiving '" + info.path.base_name() + "'"; },
                 [&] { with_copier(framed, [&](const NarCopier& copy) { take(info, copy); }); });
  }
}

MultipleWriter::MultipleWriter(Sink& framed, const StoreDir& store, std::uint64_t count)
    : dialect_(fixed_dialect(store)), out_(framed, dialect_), left_(count) {
  out_.number(count);
}

void MultipleWriter::add(const PathInfo& info, Source& nar) {
  if (left_ == 0) throw InvalidError("more objects are sent than specified");
  --left_;
  out_.put(info);
  copy_nar(nar, out_.sink());
}

void MultipleWriter::finish() const {
  if (left_ > 0) throw InvalidError("fewer objects are sent than specified");
}

void read_export(
    Source& source, const StoreDir& store, const WireLimits& limits,
    const std::function<std::function<void(const ExportedPath&)>(const NarCopier&)>& take) {
  const auto dialect = fixed_dialect(store, limits);
  WireReader in(source, dialect);
  while (in.bounded(1, "the mark of an exported path") == 1) {
    const auto finish = with_copier(source, take);
    in.start_message();
    if (in.number() != kExportMagic) throw CorruptError("an archive has no export magic behind it");
    auto path = in.get<StorePath>();
    auto references = in.get<std::set<StorePath>>();
    auto deriver = in.get<std::optional<StorePath>>();
    if (in.number() == 1) in.string();  // a signature of old, which nobody checks
    finish({std::move(path), std::move(references), std::move(deriver)});
  }
}

void write_export(Sink& sink, const StoreDir& store, const ExportedPath& object, Source& nar) {
  const auto dialect = fixed_dialect(store);
  WireWriter out(sink, dialect);
  out.number(1);
  copy_nar(nar, sink);
  out.number(kExportMagic).put(object.path).put(object.references).put(object.deriver).number(0);
}

void write_export_end(Sink& sink, const StoreDir& store) {
  const auto dialect = fixed_dialect(store);
  WireWriter(sink, dialect).number(0);
}

}  // namespace grange
