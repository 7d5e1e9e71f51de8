#include "wire/settings_operations.h"

namespace grange {

SetOptions SetOptions::read(WireReader& in) {
  SetOptions options;
  options.keep_failed = in.get<bool>();
  options.keep_going = in.get<bool>();
  options.try_fallback = in.get<bool>();
  options.verbosity = static_cast<Verbosity>(in.bounded(7, "a verbosity"));
  options.max_build_jobs = in.number();
  options.max_silent_time = in.number();
  in.number();  // use of a build hook: obsolete
  options.verbose_build = in.bounded(7, "a verbosity") == 0;
  in.number();  // type of log: obsolete
  in.number();  // trace of builds: obsolete
  options.build_cores = in.number();
  options.use_substitutes = in.get<bool>();
  options.overrides = in.get<std::map<std::string, std::string>>();
  return options;
}

void SetOptions::write(WireWriter& out) const {
  out.put(keep_failed).put(keep_going).put(try_fallback);
  out.number(static_cast<std::uint64_t>(verbosity)).number(max_build_jobs).number(max_silent_time);
  out.number(1).number(verbose_build ? 0 : 7).number(0).number(0);
  out.number(build_cores).put(use_substitutes).put(overrides);
}

}  // namespace grange
