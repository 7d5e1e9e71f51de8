#pragma once

// Asio as this house uses it: with a concrete executor, and compiled once, in http_server_asio.cc,
// which CMakeLists.txt tells every file. Only for http_server*.cc: no public header may lead here.

#include <chrono>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace grange {

namespace asio = boost::asio;

using AsioExecutor = asio::io_context::executor_type;
/// TCP and Unix sockets alike, so that everything is compiled for one kind.
using AsioSocket = asio::basic_stream_socket<asio::generic::stream_protocol, AsioExecutor>;
using AsioTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, AsioExecutor>;
template <typename T>
using Awaitable = asio::awaitable<T, AsioExecutor>;
using AsioError = boost::system::error_code;

/// co_await with the error as a value.
inline auto await_into(AsioError& error) {
  return asio::redirect_error(asio::use_awaitable_t<AsioExecutor>(), error);
}

}  // namespace grange
