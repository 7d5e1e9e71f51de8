#include "process/launch_message.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace grange {
namespace {

constexpr std::size_t kReportTextLimit = 2000;
constexpr std::size_t kReportContextLimit = 2;

class MessageWriter {
 public:
  void number(std::int64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void flag(bool value) { bytes_.push_back(value ? '\1' : '\0'); }
  void text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    bytes_.append(value);
  }
  void texts(const std::vector<std::string>& values) {
    number(static_cast<std::int64_t>(values.size()));
    for (const auto& value : values) text(value);
  }
  void ids(const std::optional<std::pair<uid_t, gid_t>>& value) {
    flag(value.has_value());
    number(value ? value->first : 0);
    number(value ? value->second : 0);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : rest_(bytes) {}

  std::int64_t number() {
    std::int64_t value = 0;
    std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    return value;
  }
  bool flag() { return take(1)[0] != '\0'; }
  std::string text() { return std::string(take(static_cast<std::uint64_t>(number()))); }
  std::vector<std::string> texts() {
    const auto count = static_cast<std::uint64_t>(number());
    if (count > rest_.size()) refuse();  // each takes at least its length
    std::vector<std::string> values;
    values.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) values.push_back(text());
    return values;
  }
  std::optional<std::pair<uid_t, gid_t>> ids() {
    const bool present = flag();
    const auto uid = static_cast<uid_t>(number());
    const auto gid = static_cast<gid_t>(number());
    return present ? std::optional(std::pair(uid, gid)) : std::nullopt;
  }
  void finish() const {
    if (!rest_.empty()) refuse();
  }

 private:
  [[noreturn]] static void refuse() {
    throw CorruptError("a message between grange and its launcher is malformed");
  }
  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) refuse();
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest_;
};

void write_sandbox(MessageWriter& out, const SandboxSpec& sandbox) {
  out.text(sandbox.root.native());
  out.text(sandbox.mount_points.native());
  out.text(sandbox.store_dir.native());
  out.text(sandbox.physical_store.native());
  out.texts(sandbox.store_objects);
  out.number(static_cast<std::int64_t>(sandbox.paths.size()));
  for (const auto& path : sandbox.paths) {
    out.text(path.source.native());
    out.text(path.target.native());
    out.flag(path.optional);
  }
  out.text(sandbox.build_directory.native());
  out.flag(sandbox.private_network);
  out.flag(sandbox.private_devices);
  out.flag(sandbox.kvm);
  out.flag(sandbox.grows);
  out.ids(sandbox.outside);
}

SandboxSpec read_sandbox(MessageReader& in) {
  SandboxSpec sandbox;
  sandbox.root = in.text();
  sandbox.mount_points = in.text();
  sandbox.store_dir = in.text();
  sandbox.physical_store = in.text();
  sandbox.store_objects = in.texts();
  const auto paths = in.number();
  for (std::int64_t i = 0; i < paths; ++i) {
    SandboxPath path;
    path.source = in.text();
    path.target = in.text();
    path.optional = in.flag();
    sandbox.paths.push_back(std::move(path));
  }
  sandbox.build_directory = in.text();
  sandbox.private_network = in.flag();
  sandbox.private_devices = in.flag();
  sandbox.kvm = in.flag();
  sandbox.grows = in.flag();
  sandbox.outside = in.ids();
  return sandbox;
}

/// Is this errno about something that will be there again?
bool is_passing(int code) {
  return code == ENOSPC || code == EDQUOT || code == ENOMEM || code == EAGAIN || code == EMFILE ||
         code == ENFILE;
}

/// Throws the error of one kind.
[[noreturn]] void raise_kind(ErrorKind kind, int code, const std::string& message) {
  switch (kind) {
    case ErrorKind::invalid:
      throw InvalidError(message);
    case ErrorKind::not_found:
      throw NotFoundError(message);
    case ErrorKind::conflict:
      throw ConflictError(message);
    case ErrorKind::denied:
      throw DeniedError(message);
    case ErrorKind::corrupt:
      throw CorruptError(message);
    case ErrorKind::unavailable:
      throw UnavailableError(message);
    case ErrorKind::timeout:
      throw TimeoutError(message);
    case ErrorKind::cancelled:
      throw CancelledError(message);
    case ErrorKind::system:
      break;
  }
  throw SystemError(code, message);
}

}  // namespace

std::string encode_relocation(const std::filesystem::path& store_dir,
                              const std::filesystem::path& physical_store) {
  MessageWriter out;
  out.text(store_dir.native());
  out.text(physical_store.native());
  return out.take();
}

std::pair<std::filesystem::path, std::filesystem::path> decode_relocation(std::string_view bytes) {
  MessageReader in(bytes);
  std::filesystem::path store_dir = in.text();
  std::filesystem::path physical_store = in.text();
  in.finish();
  return {std::move(store_dir), std::move(physical_store)};
}

std::string encode_launch_spec(const LaunchSpec& spec) {
  MessageWriter out;
  out.texts(spec.arguments);
  out.text(spec.program);
  out.texts(spec.environment);
  out.text(spec.working_directory);
  out.ids(spec.identity);
  out.flag(spec.personality_32bit);
  out.flag(spec.sandbox.has_value());
  if (spec.sandbox) write_sandbox(out, *spec.sandbox);
  return out.take();
}

LaunchSpec decode_launch_spec(std::string_view bytes) {
  MessageReader in(bytes);
  LaunchSpec spec;
  spec.arguments = in.texts();
  spec.program = in.text();
  spec.environment = in.texts();
  spec.working_directory = in.text();
  spec.identity = in.ids();
  spec.personality_32bit = in.flag();
  if (in.flag()) spec.sandbox = read_sandbox(in);
  in.finish();
  return spec;
}

std::string encode_names(const std::vector<std::string>& names) {
  MessageWriter out;
  out.texts(names);
  return out.take();
}

std::vector<std::string> decode_names(std::string_view bytes) {
  MessageReader in(bytes);
  auto names = in.texts();
  in.finish();
  return names;
}

StepReport StepReport::of_end(const ExitStatus& status) {
  StepReport report;
  report.started = true;
  report.status = status;
  return report;
}

StepReport StepReport::of_error(const std::exception& error) {
  StepReport report;
  const auto* ours = dynamic_cast<const Error*>(&error);
  if (ours == nullptr) {
    report.kind = ErrorKind::unavailable;
    report.message = std::string("the launcher failed: ") + error.what();
    return report;
  }
  report.kind = ours->kind();
  report.message = ours->message();
  report.contexts = ours->contexts();
  if (const auto* system = dynamic_cast<const SystemError*>(ours)) {
    report.code = system->code();
    if (is_passing(report.code)) {
      report.kind = ErrorKind::unavailable;
      return report;
    }
    const std::string suffix = ": " + std::generic_category().message(report.code);
    if (report.message.ends_with(suffix)) {
      report.message.resize(report.message.size() - suffix.size());
    }
  }
  return report;
}

void StepReport::raise() const {
  try {
    raise_kind(kind, code, message);
  } catch (Error& error) {
    for (const auto& context : contexts) error.add_context(context);
    throw;
  }
}

std::string encode_report(const StepReport& report) {
  MessageWriter out;
  out.flag(report.started);
  out.number(report.status.code);
  out.number(report.status.signal);
  out.number(static_cast<std::int64_t>(report.kind));
  out.number(report.code);
  out.text(std::string_view(report.message).substr(0, kReportTextLimit));
  std::vector<std::string> contexts = report.contexts;
  if (contexts.size() > kReportContextLimit) contexts.resize(kReportContextLimit);
  for (auto& context : contexts) context.resize(std::min(context.size(), kReportTextLimit));
  out.texts(contexts);
  return out.take();
}

StepReport decode_report(std::string_view bytes) {
  MessageReader in(bytes);
  StepReport report;
  report.started = in.flag();
  report.status.code = static_cast<int>(in.number());
  report.status.signal = static_cast<int>(in.number());
  report.kind = static_cast<ErrorKind>(in.number());
  report.code = static_cast<int>(in.number());
  report.message = in.text();
  report.contexts = in.texts();
  in.finish();
  return report;
}

}  // namespace grange
