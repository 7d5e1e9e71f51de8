#pragma once

#include <set>

#include "wire/wire_values.h"
#include "wire/worker_operation.h"

namespace grange {

// What requests have in common. Each request is a struct with `kOperation`, the type of its Reply,
// `read` and `write` (behind the operation's number, by the dialect). Streams that belong to a
// request or a reply are not part of it: see request_stream and reply_stream in worker_request.h.

/// A reply that only says that it is one: the number 1, which nobody looks at.
struct Done {
  static Done read(WireReader& in) {
    in.number();
    return {};
  }
  void write(WireWriter& out) const { out.number(1); }
};

/// No reply at all behind the last frame, or only a stream.
struct NoReply {
  static NoReply read(WireReader&) { return {}; }
  void write(WireWriter&) const {}
};

template <WorkerOperation Operation, typename ReplyType>
struct EmptyRequest {
  static constexpr WorkerOperation kOperation = Operation;
  using Reply = ReplyType;

  static EmptyRequest read(WireReader&) { return {}; }
  void write(WireWriter&) const {}
};

template <WorkerOperation Operation, typename ReplyType>
struct PathRequest {
  static constexpr WorkerOperation kOperation = Operation;
  using Reply = ReplyType;
  StorePath path;

  static PathRequest read(WireReader& in) { return {in.get<StorePath>()}; }
  void write(WireWriter& out) const { out.put(path); }
};

template <WorkerOperation Operation, typename ReplyType>
struct PathsRequest {
  static constexpr WorkerOperation kOperation = Operation;
  using Reply = ReplyType;
  std::set<StorePath> paths{};

  static PathsRequest read(WireReader& in) { return {in.get<std::set<StorePath>>()}; }
  void write(WireWriter& out) const { out.put(paths); }
};

}  // namespace grange
