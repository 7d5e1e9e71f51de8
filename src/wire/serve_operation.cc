#include "wire/serve_operation.h"

#include <algorithm>

namespace grange {
namespace {

constexpr std::uint64_t kServeClientMagic = 0x390c9deb;
constexpr std::uint64_t kServeServerMagic = 0x5452eecb;

ProtocolVersion agree_to_serve(WireReader& in, ProtocolVersion ours) {
  const auto theirs = ProtocolVersion::from_number(in.number());
  if (theirs.major != ours.major) {
    throw CorruptError("the peer speaks serve protocol " + theirs.to_string() + ", we speak " +
                       ours.to_string());
  }
  if (theirs < kOldestServeVersion) {
    throw UnavailableError("the peer speaks serve protocol " + theirs.to_string() +
                           "; the oldest that we speak is " + kOldestServeVersion.to_string());
  }
  return std::min(ours, theirs);
}

void expect_serve_magic(WireReader& in, std::uint64_t magic, std::string_view whom) {
  if (in.number() != magic) {
    throw CorruptError("the peer is no " + std::string(whom) + " of the serve protocol");
  }
}

bool has_command(const WireDialect& dialect, ServeCommand command) {
  return command != ServeCommand::add_to_store_nar || dialect.at_least(5);
}

}  // namespace

WireDialect greet_serve_server(Source& in, BufferedSink& out, const StoreDir& store,
                               ProtocolVersion ours) {
  WireDialect dialect{store, ours};
  WireReader reader(in, dialect);
  WireWriter(out, dialect).number(kServeClientMagic).number(ours.number());
  out.flush();
  expect_serve_magic(reader, kServeServerMagic, "server");
  dialect.version = agree_to_serve(reader, ours);
  return dialect;
}

WireDialect greet_serve_client(Source& in, BufferedSink& out, const StoreDir& store,
                               ProtocolVersion ours) {
  WireDialect dialect{store, ours};
  WireReader reader(in, dialect);
  expect_serve_magic(reader, kServeClientMagic, "client");
  WireWriter(out, dialect).number(kServeServerMagic).number(ours.number());
  out.flush();
  dialect.version = agree_to_serve(reader, ours);
  return dialect;
}

ServeBuildOptions ServeBuildOptions::read(WireReader& in) {
  ServeBuildOptions options;
  options.max_silent_time = in.number();
  options.timeout = in.number();
  if (in.at_least(2)) options.max_log_size = in.number();
  if (in.at_least(3)) {
    options.repeats = in.number();
    options.enforce_determinism = in.get<bool>();
  }
  if (in.at_least(7)) options.keep_failed = in.get<bool>();
  return options;
}

void ServeBuildOptions::write(WireWriter& out) const {
  out.number(max_silent_time).number(timeout);
  if (out.at_least(2)) out.number(max_log_size);
  if (out.at_least(3)) out.number(repeats).put(enforce_determinism);
  if (out.at_least(7)) out.put(keep_failed);
}

ServeQueryValidPaths ServeQueryValidPaths::read(WireReader& in) {
  ServeQueryValidPaths request;
  request.lock = in.get<bool>();
  request.substitute = in.get<bool>();
  request.paths = in.get<std::set<StorePath>>();
  return request;
}

ServeExportPaths ServeExportPaths::read(WireReader& in) {
  in.number();  // whether to sign: obsolete
  return {in.get<std::set<StorePath>>()};
}

ServeBuildPaths ServeBuildPaths::read(WireReader& in) {
  auto targets = in.get<std::vector<DerivedPath>>();
  return {std::move(targets), ServeBuildOptions::read(in)};
}

ServeQueryClosure ServeQueryClosure::read(WireReader& in) {
  const bool include_outputs = in.get<bool>();
  return {include_outputs, in.get<std::set<StorePath>>()};
}

ServeBuildDerivation ServeBuildDerivation::read(WireReader& in) {
  auto derivation = WireDerivation::read(in);
  return {std::move(derivation), ServeBuildOptions::read(in)};
}

ServeAddToStoreNar ServeAddToStoreNar::read(WireReader& in) {
  // The form of the worker protocol from 1.16 on, whatever the version.
  const WireDialect worker{in.dialect().store, kOldestWorkerVersion, {}, in.dialect().limits};
  WireReader fields(in.source(), worker);
  return {fields.get<PathInfo>()};
}

void ServeAddToStoreNar::write(WireWriter& out) const {
  const WireDialect worker{out.dialect().store, kOldestWorkerVersion};
  WireWriter(out.sink(), worker).put(info);
}

ServeRequest read_serve_request(WireReader& in) {
  in.start_message();
  const auto number = in.number();
  const auto command = static_cast<ServeCommand>(number);
  if (has_command(in.dialect(), command)) {
    switch (command) {
      case ServeCommand::query_valid_paths:
        return ServeQueryValidPaths::read(in);
      case ServeCommand::query_path_infos:
        return ServeQueryPathInfos::read(in);
      case ServeCommand::dump_store_path:
        return ServeDumpStorePath::read(in);
      case ServeCommand::import_paths:
        return ServeImportPaths::read(in);
      case ServeCommand::export_paths:
        return ServeExportPaths::read(in);
      case ServeCommand::build_paths:
        return ServeBuildPaths::read(in);
      case ServeCommand::query_closure:
        return ServeQueryClosure::read(in);
      case ServeCommand::build_derivation:
        return ServeBuildDerivation::read(in);
      case ServeCommand::add_to_store_nar:
        return ServeAddToStoreNar::read(in);
    }
  }
  throw CorruptError("invalid serve command " + std::to_string(number));
}

void write_serve_request(WireWriter& out, const ServeRequest& request) {
  std::visit(
      [&](const auto& one) {
        if (!has_command(out.dialect(), one.kCommand)) {
          throw InvalidError("serve protocol " + out.dialect().version.to_string() +
                             " cannot add archives");
        }
        out.number(static_cast<std::uint64_t>(one.kCommand));
        one.write(out);
      },
      request);
}

ServePathInfos ServePathInfos::read(WireReader& in) {
  ServePathInfos reply;
  while (auto path = in.get<std::optional<StorePath>>()) {
    if (reply.infos.size() >= in.dialect().limits.items) {
      throw CorruptError("more than " + std::to_string(in.dialect().limits.items) + " paths");
    }
    reply.infos.push_back(read_serve_path_info(in, std::move(*path)));
  }
  return reply;
}

void ServePathInfos::write(WireWriter& out) const {
  for (const auto& info : infos) {
    out.put(info.path);
    write_serve_path_info(out, info);
  }
  out.string("");
}

ServeBuildReply ServeBuildReply::read(WireReader& in) {
  ServeBuildReply reply;
  reply.status = in.number();
  if (reply.status != 0) reply.error = in.string();
  return reply;
}

void ServeBuildReply::write(WireWriter& out) const {
  out.number(status);
  if (status != 0) out.string(error);
}

}  // namespace grange
