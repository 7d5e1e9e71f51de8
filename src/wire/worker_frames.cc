#include "wire/worker_frames.h"

namespace grange {
namespace {

enum class FrameCode : std::uint64_t {
  next = 0x6f6c6d67,
  read = 0x64617461,
  write = 0x64617416,
  last = 0x616c7473,
  error = 0x63787470,
  start_activity = 0x53545254,
  stop_activity = 0x53544f50,
  result = 0x52534c54,
};

WireWriter& put_code(WireWriter& out, FrameCode code) {
  return out.number(static_cast<std::uint64_t>(code));
}

Verbosity read_verbosity(WireReader& in) {
  return static_cast<Verbosity>(in.bounded(7, "a verbosity"));
}

std::vector<ActivityField> read_fields(WireReader& in) {
  std::vector<ActivityField> fields;
  for (auto left = in.count(); left > 0; --left) {
    if (in.bounded(1, "the type of a field") == 0) {
      fields.emplace_back(in.number());
    } else {
      fields.emplace_back(in.string());
    }
  }
  return fields;
}

void write_fields(WireWriter& out, const std::vector<ActivityField>& fields) {
  out.number(fields.size());
  for (const auto& field : fields) {
    out.number(field.index());
    if (const auto* number = std::get_if<std::uint64_t>(&field)) out.number(*number);
    if (const auto* text = std::get_if<std::string>(&field)) out.string(*text);
  }
}

/// Positions are part of the form, but no peer has ever had one to send.
void read_no_position(WireReader& in) {
  in.bounded(0, "the mark of a position");
}

ErrorFrame read_error(WireReader& in) {
  ErrorFrame error;
  if (!in.at_least(26)) {
    error.message = in.string();
    error.exit_status = in.number();
    return error;
  }
  if (const auto type = in.string(); type != "Error") {
    throw CorruptError("specified an error of type 'Error', got '" + type + "'");
  }
  error.level = read_verbosity(in);
  error.name = in.string();
  error.message = in.string();
  read_no_position(in);
  for (auto left = in.count(); left > 0; --left) {
    read_no_position(in);
    error.traces.push_back(in.string());
  }
  return error;
}

class FrameWriter {
 public:
  explicit FrameWriter(WireWriter& out) : out_(out) {}

  void operator()(const NextFrame& frame) { put_code(out_, FrameCode::next).string(frame.text); }
  void operator()(const ReadFrame& frame) { put_code(out_, FrameCode::read).number(frame.size); }
  void operator()(const WriteFrame& frame) { put_code(out_, FrameCode::write).string(frame.data); }
  void operator()(const LastFrame&) { put_code(out_, FrameCode::last); }
  void operator()(const ErrorFrame& frame) {
    put_code(out_, FrameCode::error);
    if (!out_.at_least(26)) {
      out_.string(frame.message).number(frame.exit_status);
      return;
    }
    out_.string("Error").number(static_cast<std::uint64_t>(frame.level));
    out_.string(frame.name).string(frame.message).number(0).number(frame.traces.size());
    for (const auto& trace : frame.traces) out_.number(0).string(trace);
  }
  void operator()(const StartActivityFrame& frame) {
    require_activities();
    put_code(out_, FrameCode::start_activity).number(frame.id);
    out_.number(static_cast<std::uint64_t>(frame.level));
    out_.number(static_cast<std::uint64_t>(frame.type)).string(frame.text);
    write_fields(out_, frame.fields);
    out_.number(frame.parent);
  }
  void operator()(const StopActivityFrame& frame) {
    require_activities();
    put_code(out_, FrameCode::stop_activity).number(frame.id);
  }
  void operator()(const ResultFrame& frame) {
    require_activities();
    put_code(out_, FrameCode::result).number(frame.id);
    out_.number(static_cast<std::uint64_t>(frame.type));
    write_fields(out_, frame.fields);
  }

 private:
  void require_activities() const {
    if (!out_.at_least(20)) {
      throw InvalidError("protocol " + out_.dialect().version.to_string() + " has no activities");
    }
  }
  WireWriter& out_;
};

}  // namespace

WorkerFrame read_worker_frame(WireReader& in) {
  const auto code = in.number();
  switch (static_cast<FrameCode>(code)) {
    case FrameCode::next:
      return NextFrame{in.string()};
    case FrameCode::read:
      return ReadFrame{in.number()};
    case FrameCode::write:
      return WriteFrame{in.string()};
    case FrameCode::last:
      return LastFrame{};
    case FrameCode::error:
      return read_error(in);
    case FrameCode::start_activity: {
      StartActivityFrame frame;
      frame.id = in.number();
      frame.level = read_verbosity(in);
      frame.type = static_cast<ActivityType>(in.number());
      frame.text = in.string();
      frame.fields = read_fields(in);
      frame.parent = in.number();
      return frame;
    }
    case FrameCode::stop_activity:
      return StopActivityFrame{in.number()};
    case FrameCode::result: {
      ResultFrame frame;
      frame.id = in.number();
      frame.type = static_cast<ActivityResult>(in.number());
      frame.fields = read_fields(in);
      return frame;
    }
  }
  throw CorruptError("unknown frame " + std::to_string(code));
}

void write_worker_frame(WireWriter& out, const WorkerFrame& frame) {
  std::visit(FrameWriter(out), frame);
}

}  // namespace grange
