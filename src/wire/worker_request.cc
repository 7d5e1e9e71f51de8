#include "wire/worker_request.h"

#include <utility>

namespace grange {
namespace {

template <std::size_t Index>
WorkerRequest read_at(WireReader& in) {
  return WorkerRequest(std::in_place_index<Index>,
                       std::variant_alternative_t<Index, WorkerRequest>::read(in));
}

/// Finds the alternative by its number, in order.
template <std::size_t... Index>
WorkerRequest read_as(WireReader& in, WorkerOperation operation, std::index_sequence<Index...>) {
  using Reader = WorkerRequest (*)(WireReader&);
  Reader reader = nullptr;
  ((std::variant_alternative_t<Index, WorkerRequest>::kOperation == operation
        ? void(reader = &read_at<Index>)
        : void()),
   ...);
  if (reader == nullptr) throw CorruptError("an operation has no form");
  return reader(in);
}

}  // namespace

WorkerOperation operation_of(const WorkerRequest& request) noexcept {
  return std::visit([](const auto& one) { return one.kOperation; }, request);
}

WorkerRequest read_worker_request(WireReader& in) {
  in.start_message();
  const auto number = in.number();
  const auto operation = find_worker_operation(number);
  if (!operation || !has_operation(in.dialect(), *operation)) {
    throw CorruptError("invalid operation " + std::to_string(number));
  }
  return with_context(
      [&] { return "while reading a request for " + std::string(to_string(*operation)); },
      [&] {
        return read_as(in, *operation,
                       std::make_index_sequence<std::variant_size_v<WorkerRequest>>());
      });
}

void write_worker_request(WireWriter& out, const WorkerRequest& request) {
  const auto operation = operation_of(request);
  if (!has_operation(out.dialect(), operation)) {
    throw InvalidError("the peer, which speaks worker protocol " +
                       out.dialect().version.to_string() + ", does not know " +
                       std::string(to_string(operation)));
  }
  out.number(static_cast<std::uint64_t>(operation));
  std::visit([&](const auto& one) { one.write(out); }, request);
}

WireStream request_stream(const WireDialect& dialect, const WorkerRequest& request) noexcept {
  switch (operation_of(request)) {
    case WorkerOperation::add_to_store:
      return dialect.at_least(25) ? WireStream::framed : WireStream::nar;
    case WorkerOperation::add_to_store_nar:
      return dialect.at_least(23)   ? WireStream::framed
             : dialect.at_least(21) ? WireStream::pulled
                                    : WireStream::nar;
    case WorkerOperation::import_paths:
      return WireStream::pulled;
    case WorkerOperation::add_multiple_to_store:
    case WorkerOperation::add_build_log:
    case WorkerOperation::add_to_store_scanning:
      return WireStream::framed;
    default:
      return WireStream::none;
  }
}

WireStream reply_stream(const WorkerRequest& request) noexcept {
  switch (operation_of(request)) {
    case WorkerOperation::nar_from_path:
      return WireStream::nar;
    case WorkerOperation::export_path:
      return WireStream::pushed;
    default:
      return WireStream::none;
  }
}

}  // namespace grange
