#include "store/daemon_store.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "archive/nar.h"
#include "base/error.h"
#include "store/connection_pool.h"
#include "store/daemon_connection.h"
#include "store/daemon_error.h"
#include "wire/path_streams.h"

namespace grange {
namespace {

/// Questions on their way at once over one connection.
constexpr std::size_t kQuestionsAtOnce = 128;

/// Asks `ask` for each key over one connection, several ahead of their answers.
template <typename Request, typename Key, typename Ask, typename Take>
void ask_for_each(DaemonConnection& connection, const std::set<Key>& keys, const Ask& ask,
                  const Take& take) {
  auto answered = keys.begin();
  std::size_t ahead = 0;
  const auto take_one = [&] {
    take(*answered, connection.take_reply<Request>());
    ++answered;
    --ahead;
  };
  for (const auto& key : keys) {
    if (ahead == kQuestionsAtOnce) take_one();
    connection.send(ask(key));
    ++ahead;
  }
  while (ahead > 0) take_one();
}

/// Answers each time that the server asks for data with a piece of what is pushed into it.
class PulledSink final : public Sink {
 public:
  explicit PulledSink(DaemonConnection& connection) : connection_(connection) {}
  void write(std::string_view data) override {
    buffer_ += data;
    if (buffer_.size() >= kPiece) send();
  }
  void finish() {
    if (!buffer_.empty()) send();
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{64} << 10;

  void send() {
    std::string_view left = buffer_;
    while (!left.empty()) {
      const auto most = connection_.await_read_request();
      if (most == 0) throw CorruptError("the server is done before it has the whole archive");
      const auto piece = left.substr(0, static_cast<std::size_t>(most));
      WireWriter(connection_.sink(), connection_.info().dialect).string(piece);
      left.remove_prefix(piece.size());
    }
    buffer_.clear();
  }

  DaemonConnection& connection_;
  std::string buffer_;
};

/// What a builder elsewhere says, as far as it is of this build.
class BuildFrames {
 public:
  explicit BuildFrames(RemoteBuildObserver& observer) : observer_(observer) {}

  void operator()(const WorkerFrame& frame) {
    const auto* result = std::get_if<ResultFrame>(&frame);
    if (result == nullptr || result->fields.empty()) return;
    const auto* text = std::get_if<std::string>(&result->fields.front());
    if (text == nullptr) return;
    if (result->type == ActivityResult::build_log_line) observer_.log(*text + "\n");
    if (result->type == ActivityResult::set_phase) observer_.phase(*text);
  }

 private:
  RemoteBuildObserver& observer_;
};

class DaemonStore final : public BuildingStore {
 public:
  explicit DaemonStore(DaemonStoreOptions options)
      : options_(std::move(options)),
        connections_([this](const std::stop_token& stop) { return connect(stop); },
                     options_.max_connections),
        tracing_([this](const std::stop_token& stop) { return connect(stop, tracing()); }, 1) {}

  const StoreDir& store_dir() const override { return options_.store_dir; }
  std::string describe() const override { return options_.shown; }

  std::set<StorePath> valid_among(const std::set<StorePath>& paths) override {
    if (paths.empty()) return {};
    return connections_.borrow(options_.stop)->ask(QueryValidPaths{paths});
  }

  std::set<StorePath> all_paths() override {
    return connections_.borrow(options_.stop)->ask(QueryAllValidPaths{});
  }

  std::map<StorePath, PathInfo> path_infos(const std::set<StorePath>& paths) override {
    std::map<StorePath, PathInfo> infos;
    if (paths.empty()) return infos;
    const auto connection = connections_.borrow(options_.stop);
    auto asked = paths;
    if (!connection->info().dialect.at_least(17)) {  // there, what is not valid is an error
      asked = connection->ask(QueryValidPaths{paths});
    }
    ask_for_each<QueryPathInfo>(
        *connection, asked, [](const StorePath& path) { return QueryPathInfo{path}; },
        [&](const StorePath& path, const PathInfoReply& reply) {
          if (reply.info) infos.emplace_hint(infos.end(), path, reply.info->of(path));
        });
    return infos;
  }

  std::unique_ptr<NarStream> open_nar(const StorePath& path) override {
    return nar_from_writer([this, path](Sink& sink) {
      const auto connection = connections_.borrow(options_.stop);
      connection->read_nar(path, [&](Source& source) { copy_nar(source, sink); });
    });
  }

  void add(const PathInfo& info, NarStream& nar) override {
    const auto connection = connections_.borrow(options_.stop);
    AddToStoreNar request{info};
    request.info.ultimate = false;  // which is said of what is built there
    request.info.registration_time = 0;
    request.skip_signatures = options_.skip_signatures;
    const auto send_archive = [&](Sink& sink) {
      nar.read_with([&](Source& source) { copy_nar(source, sink); });
    };
    const auto& dialect = connection->info().dialect;
    switch (request_stream(dialect, WorkerRequest(request))) {
      case WireStream::framed:
        connection->ask_with(request, send_archive);
        return;
      case WireStream::pulled: {
        connection->send(request);
        PulledSink pulled(*connection);
        send_archive(pulled);
        pulled.finish();
        break;
      }
      default:
        connection->send(request);
        send_archive(connection->sink());
    }
    connection->take_reply<AddToStoreNar>();
  }

  bool adds_together() override {
    return connections_.borrow(options_.stop)->has(WorkerOperation::add_multiple_to_store);
  }

  void add_together(
      const std::vector<const PathInfo*>& infos,
      const std::function<std::unique_ptr<NarStream>(const PathInfo&)>& open) override {
    AddMultipleToStore request;
    request.skip_signatures = options_.skip_signatures;
    const auto connection = connections_.borrow(options_.stop);
    connection->ask_with(request, [&](Sink& sink) {
      MultipleWriter writer(sink, store_dir(), infos.size());
      for (const auto* info : infos) {
        PathInfo sent = *info;
        sent.ultimate = false;
        sent.registration_time = 0;
        open(*info)->read_with([&](Source& nar) { writer.add(sent, nar); });
      }
      writer.finish();
    });
  }

  std::map<DrvOutput, Realisation> realisations(const std::set<DrvOutput>& ids) override {
    std::map<DrvOutput, Realisation> found;
    if (ids.empty()) return found;
    const auto connection = connections_.borrow(options_.stop);
    if (!connection->has(WorkerOperation::query_realisation)) return found;
    try {
      ask_for_each<QueryRealisation>(
          *connection, ids, [](const DrvOutput& id) { return QueryRealisation{id}; },
          [&](const DrvOutput& id, const RealisationReply& reply) {
            if (auto realisation = realisation_in(id, reply)) {
              found.emplace_hint(found.end(), id, *std::move(realisation));
            }
          });
    } catch (const DeniedError&) {
      // A daemon without the feature ca-derivations has none.
    }
    return found;
  }

  /// Over a connection of its own: with this feature realisations have no other form.
  std::map<BuildTraceKey, BuildTraceEntry> build_trace(
      const std::set<BuildTraceKey>& keys) override {
    std::map<BuildTraceKey, BuildTraceEntry> found;
    if (keys.empty() || no_traces_) return found;
    if (!connections_.borrow(options_.stop)->info().dialect.at_least(kFirstFeatures)) return found;
    const auto connection = tracing_.borrow(options_.stop);
    if (!connection->info().dialect.has(kFeatureRealisationWithPath)) {
      no_traces_ = true;
      return found;
    }
    try {
      ask_for_each<QueryRealisation>(
          *connection, keys,
          [](const BuildTraceKey& key) {
            return QueryRealisation{OutputOfDerivation{key.derivation, key.output}};
          },
          [&](const BuildTraceKey& key, const RealisationReply& reply) {
            const auto* output = std::get_if<std::optional<RealisedOutput>>(&reply.found);
            if (output == nullptr || !*output) return;
            found.emplace_hint(found.end(), key,
                               BuildTraceEntry{key, (*output)->path, (*output)->signatures});
          });
    } catch (const DeniedError&) {
      // A daemon without the feature ca-derivations has none.
    }
    return found;
  }

  std::vector<RealisationConflict> register_realisations(
      const std::vector<Realisation>& realisations) override {
    if (realisations.empty()) return {};
    std::set<DrvOutput> ids;
    std::set<StorePath> paths;
    for (const auto& realisation : realisations) {
      ids.insert(realisation.id);
      paths.insert(realisation.out_path);
    }
    const auto valid = valid_among(paths);
    auto known = this->realisations(ids);
    std::vector<RealisationConflict> conflicts;
    const auto connection = connections_.borrow(options_.stop);
    if (!connection->has(WorkerOperation::register_drv_output)) {
      throw InvalidError(describe() + " speaks protocol " +
                         connection->info().dialect.version.to_string() +
                         ", which has no realisations by id");
    }
    for (const auto& realisation : realisations) {
      if (!valid.contains(realisation.out_path)) {
        throw InvalidError("realisation '" + realisation.id.to_string() + "' is of '" +
                           store_dir().print(realisation.out_path) + "', which is not in " +
                           describe());
      }
      const auto [at, is_new] = known.emplace(realisation.id, realisation);
      if (is_new) {
        connection->ask(RegisterDrvOutput{realisation});
      } else if (at->second.out_path != realisation.out_path) {
        conflicts.push_back({realisation.id, at->second.out_path, realisation.out_path});
      }
    }
    return conflicts;
  }

  std::size_t add_signatures(const StorePath& path,
                             const std::vector<std::string>& signatures) override {
    const auto infos = path_infos({path});
    if (infos.empty()) {
      throw NotFoundError("path '" + store_dir().print(path) + "' is not in " + describe());
    }
    const auto& present = infos.begin()->second.signatures;
    std::vector<std::string> fresh;
    for (const auto& signature : signatures) {
      if (std::find(present.begin(), present.end(), signature) == present.end()) {
        fresh.push_back(signature);
      }
    }
    if (!fresh.empty()) connections_.borrow(options_.stop)->ask(AddSignatures{path, fresh});
    return fresh.size();
  }

  /// No operation reads a log.
  std::optional<std::string> read_log(const StorePath&) override { return std::nullopt; }

  void write_log(const StorePath& derivation, std::string_view log) override {
    const auto connection = connections_.borrow(options_.stop);
    if (!connection->has(WorkerOperation::add_build_log)) return;  // older ones keep only their own
    connection->ask_with(AddBuildLog{derivation}, [&](Sink& sink) { sink.write(log); });
  }

  WireBuildResult build_derivation(const WireDerivation& derivation,
                                   const RemoteBuildLimits& limits, RemoteBuildObserver& observer,
                                   const std::stop_token& stop) override {
    const auto connection = connections_.borrow(stop);
    if (!connection->info().dialect.has(kFeatureNoSetOptions)) {
      connection->ask(set_options(limits));
    }
    BuildFrames frames(observer);
    connection->listen([&](const WorkerFrame& frame) { frames(frame); });
    connection->set_patience(std::nullopt);  // the builder's limits are enough
    auto result = connection->ask(BuildDerivation{derivation});
    connection->listen(log_listener());
    connection->set_patience(kPatience);
    return result;
  }

 private:
  static constexpr Seconds kPatience{600};

  static constexpr unsigned kFirstFeatures = 38;  ///< minor version

  static WorkerAnnouncement tracing() {
    WorkerAnnouncement ours;
    ours.features.emplace(kFeatureRealisationWithPath);
    return ours;
  }

  std::unique_ptr<DaemonConnection> connect(const std::stop_token& stop,
                                            const WorkerAnnouncement& ours = {}) const {
    auto connection =
        std::make_unique<DaemonConnection>(options_.connect(), options_.store_dir, stop, ours);
    connection->listen(log_listener());
    return connection;
  }

  FrameListener log_listener() const {
    if (!options_.log) return nullptr;
    return [this](const WorkerFrame& frame) {
      if (const auto* next = std::get_if<NextFrame>(&frame)) options_.log(plain_lines(next->text));
    };
  }

  static SetOptions set_options(const RemoteBuildLimits& limits) {
    const auto whole = [](Seconds time) {
      return static_cast<std::uint64_t>(time.count() + 0.999);
    };
    SetOptions options;
    options.max_silent_time = whole(limits.max_silent);
    // The daemon has limits of its own where we have none.
    if (limits.timeout.count() > 0) {
      options.overrides.emplace("timeout", std::to_string(whole(limits.timeout)));
    }
    if (limits.max_log_bytes > 0) {
      options.overrides.emplace("max-log-size", std::to_string(limits.max_log_bytes));
    }
    return options;
  }

  std::optional<Realisation> realisation_in(const DrvOutput& id,
                                            const RealisationReply& reply) const {
    if (const auto* paths = std::get_if<std::set<StorePath>>(&reply.found)) {
      if (paths->empty()) return std::nullopt;
      return Realisation{id, *paths->begin(), {}};
    }
    const auto* found = std::get_if<std::vector<Realisation>>(&reply.found);
    if (found == nullptr || found->empty()) return std::nullopt;
    if (found->front().id == id) return found->front();
    throw CorruptError(describe() + " answered '" + found->front().id.to_string() +
                       "' when it was asked for '" + id.to_string() + "'");
  }

  const DaemonStoreOptions options_;
  ConnectionPool<DaemonConnection> connections_;
  ConnectionPool<DaemonConnection> tracing_;
  std::atomic<bool> no_traces_{false};  ///< it has not the feature
};

}  // namespace

std::unique_ptr<BuildingStore> open_daemon_store(DaemonStoreOptions options) {
  return std::make_unique<DaemonStore>(std::move(options));
}

}  // namespace grange
