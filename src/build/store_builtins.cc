#include "build/store_builtins.h"

#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/unpack_archive.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "build/user_environment.h"
#include "build/visible_files.h"

namespace grange {
namespace {

std::string attribute(const StoreBuiltin& builtin, std::string_view name) {
  const auto value = builtin.derivation.variable(name);
  if (!value) throw InvalidError(fmt::format("attribute '{}' is missing", name));
  return rewrite(std::string(*value), builtin.rewrites);
}

template <typename Action>
std::optional<BuildFailure> failing(const Action& action) {
  try {
    action();
    return std::nullopt;
  } catch (const InvalidError& error) {
    return BuildFailure{Outcome::failed, error.what()};
  } catch (const TimeoutError& error) {
    return BuildFailure{Outcome::timed_out, error.what()};
  } catch (const CorruptError& error) {  // a file beyond its limit
    return BuildFailure{Outcome::failed, error.what()};
  }
}

void check_file_name(const std::string& name, std::string_view attribute) {
  constexpr std::size_t kMaxName = 255;
  if (name.empty() || name == "." || name == ".." || name.size() > kMaxName ||
      name.find('/') != std::string::npos) {
    throw InvalidError(
        fmt::format("'{}' in the attribute '{}' is no file name", printable(name), attribute));
  }
}

}  // namespace

std::optional<BuildFailure> build_environment(const StoreBuiltin& builtin) {
  return failing([&] {
    const VisibleFiles files(builtin.location, builtin.input_closure);
    UserEnvironment environment(files, builtin.report, builtin.checkpoint);
    environment.add(parse_environment_packages(attribute(builtin, "derivations")));
    const auto manifest = attribute(builtin, "manifest");
    if (manifest.empty()) throw InvalidError("attribute 'manifest' is empty");
    write_environment(environment.root(), builtin.output);
    const auto link = builtin.output / "manifest.nix";
    if (::symlink(manifest.c_str(), link.c_str()) != 0) {
      throw_errno("making symlink", link.string());
    }
  });
}

std::optional<BuildFailure> unpack_channel(const StoreBuiltin& builtin) {
  return failing([&] {
    const auto name = attribute(builtin, "channelName");
    const auto source = attribute(builtin, "src");
    check_file_name(name, "channelName");
    const auto file = VisibleFiles(builtin.location, builtin.input_closure).find(source);
    if (!file || file->directory || file->real.empty()) {
      throw InvalidError(fmt::format("there is no file '{}'", printable(source)));
    }
    if (::mkdir(builtin.output.c_str(), 0755) != 0) {
      throw_errno("making directory", builtin.output.string());
    }
    const auto archive = open_file(file->real, O_RDONLY);
    UnpackLimits limits;
    if (builtin.max_bytes > 0) limits.max_bytes = builtin.max_bytes;
    const auto top =
        unpack_archive(archive.get(), builtin.output, limits, {builtin.report, builtin.checkpoint});
    if (top.size() != 1) {
      throw InvalidError(fmt::format("the archive '{}' has {} things at its top, and must have one",
                                     printable(source), top.size()));
    }
    const auto from = builtin.output / *top.begin();
    if (*top.begin() != name && ::rename(from.c_str(), (builtin.output / name).c_str()) != 0) {
      throw_errno("renaming", from.string());
    }
  });
}

}  // namespace grange
