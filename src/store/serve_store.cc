#include "store/serve_store.h"

#include <optional>
#include <utility>

#include "archive/nar.h"
#include "base/error.h"
#include "store/connection_pool.h"
#include "wire/path_streams.h"
#include "wire/serve_operation.h"

namespace grange {
namespace {

constexpr Seconds kServeGreetingPatience{120};
constexpr Seconds kServePatience{600};

WireDialect greet_serve(StorePeer& peer, BufferedSink& out, const StoreDir& store,
                        const std::stop_token& stop) {
  const std::stop_callback give_up(stop, [&] { peer.interrupt(); });
  peer.set_patience(kServeGreetingPatience);
  return with_context([&] { return "while greeting " + peer.shown(); },
                      [&] { return greet_serve_server(peer, out, store); });
}

/// A client's end of one connection. A failure over there ends it.
class ServeConnection {
 public:
  ServeConnection(std::unique_ptr<StorePeer> peer, const StoreDir& store,
                  const std::stop_token& stop)
      : peer_(std::move(peer)),
        buffer_(*peer_),
        dialect_(greet_serve(*peer_, buffer_, store, stop)),
        reader_(*peer_, dialect_),
        writer_(buffer_, dialect_) {
    peer_->set_patience(kServePatience);
  }

  bool is_whole() { return !busy_ && !peer_->is_interrupted() && !peer_->has_input(); }
  void interrupt() noexcept { peer_->interrupt(); }
  StorePeer& peer() { return *peer_; }
  BufferedSink& sink() { return buffer_; }
  const WireDialect& dialect() const { return dialect_; }

  void send(const ServeRequest& request) {
    busy_ = true;
    write_serve_request(writer_, request);
  }
  template <typename Reply>
  Reply take() {
    buffer_.flush();
    reader_.start_message();
    auto reply = reader_.get<Reply>();
    busy_ = false;
    return reply;
  }
  template <typename Reply>
  Reply ask(const ServeRequest& request) {
    send(request);
    return take<Reply>();
  }
  void read_nar(const StorePath& path, Sink& sink) {
    send(ServeDumpStorePath{path});
    buffer_.flush();
    copy_nar(*peer_, sink);
    busy_ = false;
  }

 private:
  std::unique_ptr<StorePeer> peer_;
  BufferedSink buffer_;
  WireDialect dialect_;
  WireReader reader_;
  WireWriter writer_;
  bool busy_ = false;
};

class ServeStore final : public BuildingStore {
 public:
  explicit ServeStore(ServeStoreOptions options)
      : options_(std::move(options)),
        connections_(
            [this](const std::stop_token& stop) {
              return std::make_unique<ServeConnection>(options_.connect(), options_.store_dir,
                                                       stop);
            },
            options_.max_connections) {}

  const StoreDir& store_dir() const override { return options_.store_dir; }
  std::string describe() const override { return options_.shown; }

  std::set<StorePath> valid_among(const std::set<StorePath>& paths) override {
    if (paths.empty()) return {};
    return connections_.borrow(options_.stop)
        ->ask<std::set<StorePath>>(ServeQueryValidPaths{false, false, paths});
  }

  std::set<StorePath> all_paths() override {
    throw InvalidError("the protocol of " + describe() +
                       " cannot tell all that is there: use ssh-ng://");
  }

  std::map<StorePath, PathInfo> path_infos(const std::set<StorePath>& paths) override {
    std::map<StorePath, PathInfo> infos;
    if (paths.empty()) return infos;
    const auto connection = connections_.borrow(options_.stop);
    if (!connection->dialect().at_least(4)) {
      throw UnavailableError(describe() + " speaks protocol " +
                             connection->dialect().version.to_string() +
                             ", which says too little about paths");
    }
    for (auto& info : connection->ask<ServePathInfos>(ServeQueryPathInfos{paths}).infos) {
      if (!paths.contains(info.path)) {
        throw CorruptError(describe() + " tells of '" + store_dir().print(info.path) +
                           "', which it was not asked for");
      }
      auto path = info.path;
      infos.emplace(std::move(path), std::move(info));
    }
    return infos;
  }

  std::unique_ptr<NarStream> open_nar(const StorePath& path) override {
    return nar_from_writer(
        [this, path](Sink& sink) { connections_.borrow(options_.stop)->read_nar(path, sink); });
  }

  void add(const PathInfo& info, NarStream& nar) override {
    const auto connection = connections_.borrow(options_.stop);
    const auto& dialect = connection->dialect();
    const auto copy_to = [&](Sink& sink) {
      nar.read_with([&](Source& source) { copy_nar(source, sink); });
    };
    if (dialect.at_least(5)) {
      ServeAddToStoreNar request{info};
      request.info.ultimate = false;
      request.info.registration_time = 0;
      connection->send(request);
      copy_to(connection->sink());
    } else {
      connection->send(ServeImportPaths{});
      nar.read_with([&](Source& source) {
        write_export(connection->sink(), store_dir(), {info.path, info.references, info.deriver},
                     source);
      });
      write_export_end(connection->sink(), store_dir());
    }
    if (connection->take<std::uint64_t>() != 1) {
      throw InvalidError(describe() + " did not take '" + store_dir().print(info.path) + "'");
    }
  }

  std::map<DrvOutput, Realisation> realisations(const std::set<DrvOutput>&) override { return {}; }
  std::vector<RealisationConflict> register_realisations(
      const std::vector<Realisation>& realisations) override {
    if (realisations.empty()) return {};
    throw InvalidError("the protocol of " + describe() + " has no realisations: use ssh-ng://");
  }
  std::size_t add_signatures(const StorePath&, const std::vector<std::string>&) override {
    throw InvalidError("the protocol of " + describe() + " adds no signatures: use ssh-ng://");
  }
  std::optional<std::string> read_log(const StorePath&) override { return std::nullopt; }
  void write_log(const StorePath&, std::string_view) override {}

  WireBuildResult build_derivation(const WireDerivation& derivation,
                                   const RemoteBuildLimits& limits, RemoteBuildObserver& observer,
                                   const std::stop_token& stop) override {
    const auto connection = connections_.borrow(stop);
    auto& peer = connection->peer();
    ServeBuildDerivation request{derivation, {}};
    request.options.timeout = static_cast<std::uint64_t>(limits.timeout.count() + 0.999);
    request.options.max_silent_time = static_cast<std::uint64_t>(limits.max_silent.count() + 0.999);
    request.options.max_log_size = limits.max_log_bytes;
    peer.set_patience(std::nullopt);  // the builder's limits are enough
    peer.listen([&](std::string_view said) { observer.log(said); });
    try {
      auto result = connection->ask<WireBuildResult>(request);
      peer.take_errors();
      peer.listen(nullptr);
      peer.set_patience(kServePatience);
      return result;
    } catch (...) {
      peer.listen(nullptr);
      throw;
    }
  }

 private:
  const ServeStoreOptions options_;
  ConnectionPool<ServeConnection> connections_;
};

}  // namespace

std::unique_ptr<BuildingStore> open_serve_store(ServeStoreOptions options) {
  return std::make_unique<ServeStore>(std::move(options));
}

}  // namespace grange
