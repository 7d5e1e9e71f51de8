#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace grange {

struct DatabaseLocation;

/// What Database::notify told.
struct DatabaseNotification {
  std::string channel;
  std::string payload;
};

/// Hears what other connections to a database notify. One owner.
class DatabaseListener {
 public:
  virtual ~DatabaseListener() = default;
  /// What arrived since the last time; waits for something to arrive until the time has passed or
  /// it is to stop, and then gives nothing. Of SQLite nothing ever arrives: look after the time.
  ///
  /// Throws UnavailableError when the connection is lost. The next call listens anew; what was told
  /// in between is lost, so look once after an error.
  virtual std::vector<DatabaseNotification> wait(std::chrono::milliseconds patience,
                                                 const std::stop_token& stop) = 0;
};

/// Listens to these channels (names of letters, digits and "_") from now on. Throws as
/// open_database.
std::unique_ptr<DatabaseListener> listen_to_database(const DatabaseLocation& location,
                                                     const std::vector<std::string>& channels);

}  // namespace grange
