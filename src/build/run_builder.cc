#include "build/run_builder.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"
#include "base/text.h"
#include "build/environment.h"
#include "build/nested_socket.h"
#include "build/references_graph.h"
#include "build/requirements.h"
#include "build/sandbox.h"
#include "build/supervise.h"

namespace grange {
namespace {

constexpr std::string_view kBuildDirectoryInside = "/build";
constexpr const char* kNoHome = "/homeless-shelter";
/// With less than this a builder may well have failed because the disk is full.
constexpr std::uint64_t kFullDisk = std::uint64_t{8} << 20;

/// A home directory would let unsandboxed builders leave things for each other.
void check_no_home() {
  struct stat status {};
  if (::lstat(kNoHome, &status) == 0) {
    throw ConflictError(fmt::format(
        "'{}' exists, which must not be so while building without a sandbox: remove it", kNoHome));
  }
}

void write_passed_file(const std::filesystem::path& directory, const PassedFile& file,
                       const BuilderIdentity& identity) {
  const auto path = directory / file.name;
  const auto opened = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  FdSink(opened.get()).write(file.content);
  identity.own(path);
}

/// What must not be free before nothing of the builder runs any more. Outputs beyond the limit are
/// held by this process alone.
std::vector<int> locks_of(const AttemptContext& context, const BuilderRun& run) {
  auto locks = run.locks.descriptors();
  locks.insert(locks.begin(), context.area.steps_lock());
  if (const auto uid = run.identity.lock_descriptor()) locks.insert(locks.begin(), *uid);
  locks.resize(std::min(locks.size(), LaunchSpec::kMostLocks));
  return locks;
}

LaunchSpec make_launch_spec(const AttemptContext& context, const BuilderRun& run,
                            const std::filesystem::path& build_directory,
                            std::map<std::string, std::string> graphs) {
  const auto& derivation = *run.request.derivation;
  const bool sandboxed = !run.sandbox_root.empty();
  EnvironmentSettings settings;
  settings.store_dir = context.store.store_dir();
  settings.build_directory =
      sandboxed ? std::string(kBuildDirectoryInside) : build_directory.string();
  settings.cores = run.request.limits.cores.value_or(context.config.cores);
  settings.impure = context.config.impure_environment;
  settings.graphs = std::move(graphs);
  settings.rewrites = input_rewrites(settings.store_dir, run.places);
  const bool nested = asks_for_nested_store(run.attributes);
  if (nested) settings.store_socket = nested_socket_in(settings.build_directory);
  const auto environment = make_environment(derivation, run.attributes, settings);
  for (const auto& file : environment.files) {
    write_passed_file(build_directory, file, run.identity);
  }

  LaunchSpec spec;
  spec.locks = locks_of(context, run);
  spec.program = derivation.builder;
  spec.arguments.push_back(derivation.builder.substr(derivation.builder.rfind('/') + 1));
  for (const auto& argument : derivation.arguments) {
    spec.arguments.push_back(rewrite(argument, settings.rewrites));
  }
  spec.environment = environment.strings();
  spec.working_directory = settings.build_directory;
  spec.personality_32bit = needs_32bit_personality(derivation.system, context.config.system);
  if (!sandboxed) {
    spec.identity = run.identity.ids();
    return spec;
  }
  SandboxRequest sandbox{run.sandbox_root, build_directory, run.input_closure,
                         is_impure_world(derivation), run.identity.ids()};
  std::vector<SandboxPath> paths;
  for (const auto& path : run.request.policy.sandbox_paths) {
    paths.push_back(SandboxPath::parse(path));
  }
  for (const auto& path : run.attributes.impure_host_paths) paths.push_back({path, path, true});
  spec.sandbox =
      make_sandbox(sandbox, resolve_sandbox_paths(paths, context.store), context.store.location());
  const auto& features = run.attributes.required_features;
  spec.sandbox->grows = nested;
  spec.sandbox->kvm = std::find(features.begin(), features.end(), "kvm") != features.end();
  return spec;
}

/// What it cannot be told of is a failure of the derivation.
std::variant<std::map<std::string, std::string>, BuildFailure> graphs_for(
    const AttemptContext& context, const BuilderRun& run) {
  const auto failure = [&](const Error& error) {
    return BuildFailure{
        Outcome::failed,
        fmt::format("cannot build '{}': {}",
                    context.store.store_dir().print(run.request.derivation_path), error.what())};
  };
  try {
    return export_graphs(context.store, run.attributes, run.input_closure);
  } catch (const InvalidError& error) {
    return failure(error);
  } catch (const NotFoundError& error) {
    return failure(error);
  }
}

/// Everything by which somebody may wait for this attempt.
std::set<StorePath> names_of(const BuildRequest& request) {
  std::set<StorePath> names{request.derivation_path};
  if (request.unresolved_path) names.insert(*request.unresolved_path);
  for (const auto& [name, path] : request.output_paths) names.insert(path);
  return names;
}

std::unique_ptr<NestedStore> serve_nested(const AttemptContext& context, const BuilderRun& run,
                                          FileDescriptor socket, LaunchedProcess& process) {
  NestedAttempt attempt;
  attempt.names = names_of(run.request);
  attempt.visible = run.input_closure;
  attempt.builder = run.identity.uid().value_or(::geteuid());
  attempt.show = [&context, &process](const std::set<StorePath>& paths) {
    context.store.add_temporary_roots(paths);
    std::vector<std::string> objects;
    objects.reserve(paths.size());
    for (const auto& path : paths) objects.push_back(path.base_name());
    process.show(objects);
  };
  return context.nested->serve(std::move(socket), std::move(attempt));
}

bool is_full(const std::filesystem::path& directory) {
  struct statvfs status {};
  return ::statvfs(directory.c_str(), &status) == 0 &&
         std::uint64_t{status.f_bavail} * status.f_frsize < kFullDisk;
}

std::optional<BuildFailure> failure_of(const AttemptContext& context, const BuilderRun& run,
                                       const std::filesystem::path& build_directory,
                                       const BuilderEnd& end) {
  const auto shown = context.store.store_dir().print(run.request.derivation_path);
  const auto& limits = run.request.limits;
  switch (end.reason) {
    case BuilderEnd::Reason::timed_out:
      return BuildFailure{
          Outcome::timed_out,
          fmt::format("building '{}' timed out after {:g} seconds", shown, limits.timeout.count())};
    case BuilderEnd::Reason::silent:
      return BuildFailure{Outcome::timed_out,
                          fmt::format("building '{}' timed out after {:g} seconds of silence",
                                      shown, limits.max_silent.count())};
    case BuilderEnd::Reason::log_limit_exceeded:
      return BuildFailure{
          Outcome::log_limit_exceeded,
          fmt::format("building '{}' was stopped after writing more than {} bytes of log", shown,
                      limits.max_log_bytes)};
    case BuilderEnd::Reason::exited:
      break;
  }
  if (end.status.success()) return std::nullopt;
  BuildFailure failure{Outcome::failed, fmt::format("builder for '{}' failed with {}", shown,
                                                    end.status.to_string())};
  for (const auto& directory : {context.store.location().real_store, build_directory}) {
    if (!is_full(directory)) continue;
    failure.outcome = Outcome::aborted;
    failure.message += fmt::format(
        "; the disk of '{}' is full, which may be why: free some space "
        "and try again",
        directory.string());
    break;
  }
  return failure;
}

}  // namespace

BuilderRunEnd run_builder(const AttemptContext& context, const BuilderRun& run, LogCapture& log,
                          const std::stop_token& stop) {
  const auto& request = run.request;
  BuilderRunEnd end;
  auto graphs = graphs_for(context, run);
  if (auto* failure = std::get_if<BuildFailure>(&graphs)) {
    end.failure = std::move(*failure);
    return end;
  }
  if (run.sandbox_root.empty()) {
    check_no_home();
    end.build_directory =
        run.area.make_build_directory(context.config.temporary, request.derivation->name + ".drv");
  } else {
    end.build_directory = run.area.make_directory("build", 0700);
  }
  run.identity.own(end.build_directory);
  FileDescriptor socket;
  if (asks_for_nested_store(run.attributes)) {
    socket = listen_in(end.build_directory);
    run.identity.own(nested_socket_in(end.build_directory));
  }
  const auto process = context.launcher.launch(
      make_launch_spec(context, run, end.build_directory, std::get<0>(std::move(graphs))));
  std::unique_ptr<NestedStore> nested;  // ends before the process that it shows things to
  if (socket) nested = serve_nested(context, run, std::move(socket), *process);
  const auto builder_end = supervise(*process, request.limits, log, context.clock, stop);
  if (nested) end.added = nested->end();
  end.failure = failure_of(context, run, end.build_directory, builder_end);
  return end;
}

}  // namespace grange
