#pragma once

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include <boost/asio/executor_work_guard.hpp>

#include "http/http_body_pipe.h"
#include "http/http_server.h"
#include "http/http_server_asio.h"
#include "http/http_server_pool.h"

namespace grange {

class HttpConnection;

/// What all connections of one server share; thread safe.
struct HttpServerCore {
  HttpServerCore(HttpServerOptions given, Dispatch answer)
      : options(std::move(given)),
        dispatch(std::move(answer)),
        compute(options.compute_threads == 0 ? processor_count() : options.compute_threads,
                options.queue),
        blocking(options.blocking_threads, options.queue) {}

  const HttpServerOptions options;
  const Dispatch dispatch;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> connections = 0;
  Mutex mutex;
  std::condition_variable_any connection_ended;  ///< with `mutex`: `connections` became smaller
  std::atomic<std::uint64_t> requests = 0;
  BufferedBytes buffered;
  WorkPool compute;
  WorkPool blocking;
};

/// One thread and the connections that are pinned to it; all but `context` belongs to that thread.
struct IoThread {
  IoThread() : context(1), work(context.get_executor()) {}

  asio::io_context context;
  asio::executor_work_guard<AsioExecutor> work;
  std::unordered_set<std::shared_ptr<HttpConnection>> connections;
  std::thread thread;

  /// The value of Date, made once a second.
  const std::string& date();

 private:
  std::time_t date_second_ = 0;
  std::string date_;
};

}  // namespace grange
