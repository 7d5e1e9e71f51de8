#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/file.h"
#include "daemon/daemon_server.h"
#include "farm/evaluator_waits.h"

namespace grange {

/// Where evaluators ask a farm for what they import: a socket that is there before anybody serves
/// it, so that an evaluation that begins with the farm waits instead of failing.
class EvaluatorDoor {
 public:
  /// In the state directory; where a socket there would have too long a name, in a directory of its
  /// own. Throws ConflictError where another farm is.
  explicit EvaluatorDoor(const std::filesystem::path& state);

  const std::filesystem::path& path() const { return path_; }
  const std::shared_ptr<EvaluatorWaits>& waits() const { return waits_; }
  DaemonSocket take_socket() { return std::move(socket_).value(); }

 private:
  std::optional<TemporaryDirectory> directory_;
  std::filesystem::path path_;
  std::optional<DaemonSocket> socket_;
  std::shared_ptr<EvaluatorWaits> waits_ = std::make_shared<EvaluatorWaits>();
};

}  // namespace grange
