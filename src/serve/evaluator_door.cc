#include "serve/evaluator_door.h"

namespace grange {

EvaluatorDoor::EvaluatorDoor(const std::filesystem::path& state)
    : path_(std::filesystem::absolute(state) / "evaluators.sock") {
  if (!DaemonSocket::fits(path_) || path_.string().find('?') != std::string::npos) {
    directory_.emplace();
    path_ = directory_->path() / "evaluators.sock";
  }
  socket_.emplace(DaemonSocket::listen_at(path_));
}

}  // namespace grange
