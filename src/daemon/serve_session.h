#pragma once

#include <memory>

#include "daemon/worker_session.h"
#include "wire/serve_operation.h"

namespace grange {

/// One client of the legacy protocol (`nix-store --serve`, ssh://), trusted: whoever could start
/// this program can do all that it can. There is no way to tell of an error but to end.
class ServeSession {
 public:
  /// Without `write` the client may only read.
  ServeSession(const DaemonContext& context, bool write, int in, int out);
  ~ServeSession();

  /// Until the client leaves. Throws what went wrong.
  void run();

 private:
  void answer(const ServeQueryValidPaths& request);
  void answer(const ServeQueryPathInfos& request);
  void answer(const ServeDumpStorePath& request);
  void answer(const ServeImportPaths& request);
  void answer(const ServeExportPaths& request);
  void answer(const ServeBuildPaths& request);
  void answer(const ServeQueryClosure& request);
  void answer(const ServeBuildDerivation& request);
  void answer(const ServeAddToStoreNar& request);
  void require_write() const;
  BuildTerms terms(const ServeBuildOptions& options) const;
  std::vector<GrantedWish> make(std::vector<BuildWish> wishes, const ServeBuildOptions& options);

  const DaemonContext& context_;
  const bool write_;
  const int in_;
  FdSource raw_source_;
  BufferedSource source_;
  FdSink raw_sink_;
  BufferedSink out_;
  std::unique_ptr<LocalStore> store_;
  std::optional<WireDialect> dialect_;
  std::optional<WireReader> reader_;
  std::optional<WireWriter> writer_;
};

}  // namespace grange
