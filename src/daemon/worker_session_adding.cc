#include <algorithm>
#include <utility>

#include "archive/nar.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "daemon/import_objects.h"
#include "daemon/realisation_keys.h"
#include "daemon/worker_session.h"
#include "store/trust.h"
#include "wire/framed_data.h"
#include "wire/path_streams.h"

namespace grange {
namespace {

constexpr std::uint64_t kMaxLog = std::uint64_t{1} << 30;
constexpr std::size_t kPulledAtOnce = std::size_t{64} << 10;

}  // namespace

/// What the client sends when it is asked for it by READ frames.
class WorkerSession::PulledSource final : public Source {
 public:
  explicit PulledSource(WorkerSession& session) : session_(session) {}
  std::size_t read(char* buffer, std::size_t size) override {
    if (next_ == piece_.size()) {
      session_.tell(ReadFrame{std::min(size, kPulledAtOnce)});
      session_.out_.flush();
      piece_ = session_.reader_->string(kPulledAtOnce);
      next_ = 0;
      if (piece_.empty()) throw CorruptError("the client sends no more");
    }
    const auto count = std::min(size, piece_.size() - next_);
    piece_.copy(buffer, count, next_);
    next_ += count;
    return count;
  }

 private:
  WorkerSession& session_;
  std::string piece_;
  std::size_t next_ = 0;
};

/// What the client gets as WRITE frames, but for the first bytes.
class WorkerSession::PushedSink final : public Sink {
 public:
  PushedSink(WorkerSession& session, std::size_t left_out)
      : session_(session), left_out_(left_out) {}
  void write(std::string_view data) override {
    const auto skipped = std::min(left_out_, data.size());
    left_out_ -= skipped;
    buffer_ += data.substr(skipped);
    if (buffer_.size() >= kPulledAtOnce) flush();
  }
  void flush() {
    if (!buffer_.empty()) session_.tell(WriteFrame{std::exchange(buffer_, {})});
  }

 private:
  WorkerSession& session_;
  std::size_t left_out_;
  std::string buffer_;
};

AddToStore::Reply WorkerSession::handle(const AddToStore& request) {
  std::optional<StorePath> path;
  const auto add = [&](Source& source) {
    if (nested_ != nullptr) require_visible_references(request.references, nullptr);
    path = store_->add_content(request.name, request.method, request.references, source);
  };
  if (dialect_.at_least(25)) {
    with_framed(add);
  } else if (request.method.method == ContentMethod::recursive) {
    // The archive ends by itself, so that nothing needs to be passed over only if it is whole.
    try {
      add(source_);
    } catch (const Error&) {
      throw PeerGone{};
    }
  } else {
    // An archive of one file.
    const TemporaryDirectory temporary(store_->location().own_state());
    const auto file = temporary.path() / "file";
    try {
      restore_nar(file, source_);
    } catch (const Error&) {
      throw PeerGone{};
    }
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(file))) {
      throw InvalidError("specified the archive of one regular file");
    }
    path = store_->add_tree(file, request.name, request.method);
  }
  return {*path, UnkeyedPathInfo(store_->path_info(*path).value())};
}

StorePath WorkerSession::handle(const AddTextToStore& request) {
  return store_->add_text(request.name, request.text, request.references);
}

void WorkerSession::add_nar(const PathInfo& info, Source& nar, bool skip_signatures) {
  PathInfo added = info;
  if (!client_.trusted) {
    added.ultimate = false;
    skip_signatures = false;
  }
  if (nested_ != nullptr) added.deriver.reset();
  if (!skip_signatures) {
    TrustedKeys keys;
    for (const auto& key : settings_.trusted_keys) keys.add(key);
    try {
      check_trusted(store_->store_dir(), info, {settings_.require_signatures, std::move(keys)},
                    client_.name);
    } catch (const DeniedError&) {
      throw DeniedError("cannot add path '" + store_->store_dir().print(info.path) +
                        "' because it lacks a signature by a trusted key");
    }
  }
  added.registration_time = 0;
  store_->add_nar(added, nar);
}

NoReply WorkerSession::handle(const AddToStoreNar& request) {
  if (request.repair) require_trust("repairing");
  const auto add = [&](Source& nar) {
    if (nested_ != nullptr) return add_nested_nar(request.info, nar);
    add_nar(request.info, nar, request.skip_signatures);
  };
  if (dialect_.at_least(23)) {
    with_framed(add);
  } else if (dialect_.at_least(21)) {
    PulledSource pulled(*this);
    add(pulled);
  } else {
    try {
      add(source_);
    } catch (const Error&) {
      throw PeerGone{};
    }
  }
  return {};
}

NoReply WorkerSession::handle(const AddMultipleToStore& request) {
  if (request.repair) require_trust("repairing");
  with_framed([&](Source& framed) {
    read_multiple(framed, store_->store_dir(), dialect_.limits,
                  [&](const PathInfo& info, const NarCopier& copy) {
                    if (nested_ == nullptr && store_->is_valid(info.path)) {
                      store_->add_temporary_root(info.path);
                      NullSink nowhere;
                      copy(nowhere);
                      return;
                    }
                    const auto nar = nar_from_writer(copy);
                    nar->read_with([&](Source& source) {
                      if (nested_ != nullptr) return add_nested_nar(info, source);
                      add_nar(info, source, request.skip_signatures);
                    });
                  });
  });
  return {};
}

Done WorkerSession::handle(const AddBuildLog& request) {
  std::string log;
  with_framed([&](Source& framed) {
    if (!client_.trusted) throw DeniedError("you are not privileged to add logs");
    log = read_all(framed, kMaxLog);
  });
  if (!request.derivation.is_derivation()) {
    throw InvalidError("specified a derivation, got '" + request.derivation.base_name() + "'");
  }
  store_->write_log(request.derivation, log);
  return {};
}

Done WorkerSession::handle(const AddSignatures& request) {
  if (!client_.trusted) throw DeniedError("you are not privileged to add signatures");
  check_valid(request.path);
  store_->add_signatures(request.path, request.signatures);
  return {};
}

std::vector<StorePath> WorkerSession::handle(const ImportPaths&) {
  PulledSource pulled(*this);
  std::vector<StorePath> imported;
  import_objects(pulled, *store_, dialect_.limits, [&](const PathInfo& info, Source& nar) {
    if (nested_ != nullptr) {
      add_nested_nar(info, nar);
    } else {
      add_nar(info, nar, client_.trusted);
    }
    imported.push_back(info.path);
  });
  return imported;
}

Done WorkerSession::handle(const ExportPath& request) {
  const auto info = store_->path_info(request.path);
  if (!info) check_valid(request.path);
  // A builder does not hear who has made what it sees.
  const auto deriver = nested_ != nullptr ? std::nullopt : info->deriver;
  // One object of an export stream without the number that says that there is one.
  PushedSink pushed(*this, sizeof(std::uint64_t));
  store_->open_nar(request.path)->read_with([&](Source& nar) {
    write_export(pushed, store_->store_dir(), {info->path, info->references, deriver}, nar);
  });
  pushed.flush();
  return {};
}

NoReply WorkerSession::handle(const RegisterDrvOutput& request) {
  Realisation realisation =
      std::holds_alternative<Realisation>(request.realisation)
          ? std::get<Realisation>(request.realisation)
          : as_realisation(*store_, std::get<NewRealisation>(request.realisation));
  if (!client_.trusted) {
    TrustedKeys keys;
    for (const auto& key : settings_.trusted_keys) keys.add(key);
    check_trusted(realisation, {true, std::move(keys)}, client_.name);
  }
  check_valid(realisation.out_path);
  for (const auto& conflict : store_->register_realisations({realisation})) {
    tell_line(Verbosity::warn, "realisation '" + conflict.id.to_string() + "' stays '" +
                                   store_->store_dir().print(conflict.kept) + "'");
  }
  return {};
}

RealisationReply WorkerSession::handle(const QueryRealisation& request) {
  if (const auto* by_path = std::get_if<OutputOfDerivation>(&request.output)) {
    if (!store_->is_valid(by_path->derivation)) return {std::optional<RealisedOutput>()};
    const auto id = id_of(*store_, *by_path);
    const auto found = store_->realisations({id});
    if (found.empty()) return {std::optional<RealisedOutput>()};
    const auto& realisation = found.begin()->second;
    return {std::optional(RealisedOutput{realisation.out_path, realisation.signatures})};
  }
  const auto found = store_->realisations({std::get<DrvOutput>(request.output)});
  if (!dialect_.at_least(31)) {
    std::set<StorePath> paths;
    for (const auto& [id, realisation] : found) paths.insert(realisation.out_path);
    return {std::move(paths)};
  }
  std::vector<Realisation> realisations;
  realisations.reserve(found.size());
  for (const auto& [id, realisation] : found) realisations.push_back(realisation);
  return {std::move(realisations)};
}

Done WorkerSession::handle(const SubmitOutput&) {
  throw DeniedError("only builders may submit outputs");
}

PathInfo WorkerSession::handle(const AddToStoreScanning&) {
  throw DeniedError("only builders may add what is scanned for references");
}

}  // namespace grange
