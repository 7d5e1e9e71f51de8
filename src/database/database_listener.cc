#include "database/database_listener.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "database/database.h"
#include "database/postgres_connection.h"

namespace grange {
namespace {

class SqliteListener final : public DatabaseListener {
 public:
  std::vector<DatabaseNotification> wait(std::chrono::milliseconds patience,
                                         const std::stop_token& stop) override {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, patience, [] { return false; });
    return {};
  }
};

class PostgresListener final : public DatabaseListener {
 public:
  PostgresListener(const DatabaseLocation& location, const std::vector<std::string>& channels)
      : connection_(location, {}) {
    for (const auto& channel : channels) listen_ += "LISTEN " + channel + ";";
    start();
  }

  std::vector<DatabaseNotification> wait(std::chrono::milliseconds patience,
                                         const std::stop_token& stop) override {
    if (lost_) start();
    const FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) throw_errno("making an eventfd");
    const std::stop_callback on_stop(stop, [&wake] { ::eventfd_write(wake.get(), 1); });
    try {
      return connection_.notifications(patience, wake.get());
    } catch (const UnavailableError&) {
      lost_ = true;
      throw;
    }
  }

 private:
  void start() {
    connection_.execute(listen_);
    lost_ = false;
  }

  PostgresConnection connection_;
  std::string listen_;
  bool lost_ = false;
};

}  // namespace

std::unique_ptr<DatabaseListener> listen_to_database(const DatabaseLocation& location,
                                                     const std::vector<std::string>& channels) {
  if (location.kind == DatabaseKind::sqlite) return std::make_unique<SqliteListener>();
  return std::make_unique<PostgresListener>(location, channels);
}

}  // namespace grange
