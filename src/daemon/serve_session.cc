#include "daemon/serve_session.h"

#include <condition_variable>
#include <utility>
#include <variant>

#include <unistd.h>

#include "base/error.h"
#include "daemon/basic_derivation.h"
#include "daemon/build_answers.h"
#include "daemon/import_objects.h"
#include "daemon/peer_watch.h"
#include "store/reference_order.h"
#include "wire/path_streams.h"

namespace grange {
namespace {

/// Logs go to standard error, where ssh brings them to the client.
class StderrListener final : public BuildListener {
 public:
  void attempt_started(const StorePath&) override {}
  void attempt_finished(const StorePath&, const BuildResult&) override {}
  void log(const StorePath&, std::string_view data) override {
    const MutexLock lock(mutex_);
    try {
      FdSink(STDERR_FILENO).write(data);
    } catch (const Error&) {
      // Nobody reads it.
    }
  }
  void phase(const StorePath&, std::string_view) override {}
  void ended(std::vector<GrantedWish> granted) override {
    const MutexLock lock(mutex_);
    granted_ = std::move(granted);
    any_.notify_all();
  }

  std::vector<GrantedWish> wait(const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [this] {
      const MutexLock lock(mutex_);
      any_.notify_all();
    });
    const MutexLock lock(mutex_);
    while (!granted_ && !stop.stop_requested()) any_.wait(mutex_);
    if (!granted_) throw CancelledError("interrupted");
    return std::move(*granted_);
  }

 private:
  Mutex mutex_;
  std::condition_variable_any any_;
  std::optional<std::vector<GrantedWish>> granted_ GUARDED_BY(mutex_);
};

}  // namespace

ServeSession::ServeSession(const DaemonContext& context, bool write, int in, int out)
    : context_(context),
      write_(write),
      in_(in),
      raw_source_(in),
      source_(raw_source_),
      raw_sink_(out),
      out_(raw_sink_),
      store_(context.store.session()) {}

ServeSession::~ServeSession() = default;

void ServeSession::run() {
  dialect_ = greet_serve_client(source_, out_, store_->store_dir());
  out_.flush();
  reader_.emplace(source_, *dialect_);
  writer_.emplace(out_, *dialect_);
  while (!context_.stop.stop_requested() && !source_.at_end()) {
    reader_->start_message();
    const auto request = read_serve_request(*reader_);
    std::visit([&](const auto& command) { answer(command); }, request);
    out_.flush();
  }
}

void ServeSession::require_write() const {
  if (!write_) throw DeniedError("this client may only read: --write is not given");
}

void ServeSession::answer(const ServeQueryValidPaths& request) {
  if (request.lock && write_) store_->add_temporary_roots(request.paths);
  if (request.substitute && write_ && context_.settings.substitute) {
    std::set<StorePath> absent;
    const auto valid = store_->valid_among(request.paths);
    for (const auto& path : request.paths) {
      if (!valid.contains(path)) absent.insert(absent.end(), path);
    }
    const auto chosen =
        context_.substituters.choose(context_.settings.substituters, context_.settings.trusted_keys,
                                     context_.settings.require_signatures);
    const PeerWatch watch(in_, context_.stop);
    if (!chosen->stores.empty()) chosen->all->fetch_paths(*store_, absent, watch.token());
  }
  writer_->put(store_->valid_among(request.paths));
}

void ServeSession::answer(const ServeQueryPathInfos& request) {
  ServePathInfos infos;
  for (auto& [path, info] : store_->path_infos(request.paths))
    infos.infos.push_back(std::move(info));
  writer_->put(infos);
}

void ServeSession::answer(const ServeDumpStorePath& request) {
  store_->open_nar(request.path)->write_to(out_);
}

void ServeSession::answer(const ServeImportPaths&) {
  require_write();
  import_objects(source_, *store_, dialect_->limits,
                 [this](const PathInfo& info, Source& nar) { store_->add_nar(info, nar); });
  writer_->number(1);
}

void ServeSession::answer(const ServeExportPaths& request) {
  std::vector<PathInfo> infos;
  for (auto& [path, info] : store_->path_infos(request.paths)) infos.push_back(std::move(info));
  if (infos.size() < request.paths.size()) throw InvalidError("not all paths are valid");
  // As whoever imports them needs them.
  for (const auto* info : references_first(store_->store_dir(), infos)) {
    store_->open_nar(info->path)->read_with([&](Source& nar) {
      write_export(out_, store_->store_dir(), {info->path, info->references, info->deriver}, nar);
    });
  }
  write_export_end(out_, store_->store_dir());
}

void ServeSession::answer(const ServeQueryClosure& request) {
  auto roots = request.paths;
  if (request.include_outputs) {
    for (const auto& path : store_->closure(request.paths)) {
      for (const auto& deriver : store_->valid_derivers(path)) roots.insert(deriver);
    }
  }
  writer_->put(store_->closure(roots));
}

void ServeSession::answer(const ServeAddToStoreNar& request) {
  require_write();
  PathInfo info = request.info;
  info.registration_time = 0;
  store_->add_nar(info, source_);
  writer_->number(1);
}

BuildTerms ServeSession::terms(const ServeBuildOptions& options) const {
  BuildTerms terms;
  terms.policy = policy_of(context_.settings);
  terms.limits = context_.settings.limits;
  terms.limits.timeout = Seconds(static_cast<double>(options.timeout));
  terms.limits.max_silent = Seconds(static_cast<double>(options.max_silent_time));
  if (dialect_->at_least(2)) terms.limits.max_log_bytes = options.max_log_size;
  terms.limits.keep_failed = options.keep_failed;
  terms.may_build = context_.settings.max_jobs > 0;
  if (context_.settings.substitute) {
    terms.substituters = context_.substituters
                             .choose(context_.settings.substituters, context_.settings.trusted_keys,
                                     context_.settings.require_signatures)
                             ->all;
  }
  return terms;
}

std::vector<GrantedWish> ServeSession::make(std::vector<BuildWish> wishes,
                                            const ServeBuildOptions& options) {
  const PeerWatch watch(in_, context_.stop);
  const auto listener = std::make_shared<StderrListener>();
  const auto ticket = context_.builds.ask(std::move(wishes), terms(options), listener);
  auto granted = listener->wait(watch.token());
  for (const auto& wish : granted) {
    for (const auto& [name, path] : wish.outputs) store_->add_temporary_root(path);
  }
  return granted;
}

void ServeSession::answer(const ServeBuildPaths& request) {
  require_write();
  ServeBuildReply reply;
  std::vector<BuildWish> wishes;
  for (const auto& target : request.targets) {
    if (!store_->is_valid(target.of.path)) {
      reply = {1, "path '" + store_->store_dir().print(target.of.path) + "' is not valid"};
    } else if (target.kind != DerivedPath::Kind::opaque) {
      wishes.push_back({target.of.path, {target.outputs.begin(), target.outputs.end()}});
    }
  }
  if (reply.status == 0 && !wishes.empty()) {
    const auto granted = make(wishes, request.options);
    for (std::size_t i = 0; i < granted.size(); ++i) {
      if (granted[i].outcome == Outcome::good || reply.status != 0) continue;
      reply.status = failure_status(granted[i].outcome);
      reply.error = failure_text(store_->store_dir(), wishes[i].derivation, granted[i]);
    }
  }
  writer_->put(reply);
}

void ServeSession::answer(const ServeBuildDerivation& request) {
  require_write();
  const auto basic = BasicDerivation::check(store_->store_dir(), request.derivation);
  GrantedWish granted;
  if (basic.complete) {
    const auto path =
        store_->add_text(basic.path.name(), basic.text, basic.derivation.input_sources);
    granted = make({{path, {}}}, request.options).front();
  } else {
    const PeerWatch watch(in_, context_.stop);
    StderrListener listener;
    granted = build_basic(*store_, context_.builds, basic, terms(request.options), listener,
                          watch.token());
  }
  writer_->put(wire_result(store_->store_dir(), basic.path, granted));
}

}  // namespace grange
