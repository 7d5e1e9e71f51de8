#include "command/builder_defaults.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

#include "base/error.h"
#include "farm/workshop.h"

namespace grange {

std::filesystem::path find_launcher() {
  if (const char* given = std::getenv("GRANGE_LAUNCHER")) return given;
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const auto beside = program.parent_path() / "grange-launcher";
  if (std::filesystem::exists(beside)) return beside;
  const auto installed = program.parent_path().parent_path() / "libexec/grange/grange-launcher";
  if (std::filesystem::exists(installed)) return installed;
  throw NotFoundError("the program grange-launcher is neither at '" + beside.string() +
                      "' nor at '" + installed.string() + "'; set GRANGE_LAUNCHER");
}

void add_default_shell(std::vector<SandboxPath>& paths) {
  const bool covered = std::any_of(paths.begin(), paths.end(), [](const SandboxPath& path) {
    return path.target == "/bin/sh" || path.target == "/bin";
  });
  if (!covered) paths.push_back(SandboxPath::parse("/bin/sh=/bin/busybox?"));
}

LocalBuilderConfig builder_defaults() {
  LocalBuilderConfig builder;
  builder.system = this_system();
  if (builder.system == "x86_64-linux") builder.extra_platforms = {"i686-linux"};
  builder.features = {"benchmark", "big-parallel"};
  if (::access("/dev/kvm", R_OK | W_OK) == 0) builder.features.emplace_back("kvm");
  builder.run_as_pool = ::geteuid() == 0;
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
      builder.impure_environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return builder;
}

}  // namespace grange
