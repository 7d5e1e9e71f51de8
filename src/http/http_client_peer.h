#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string_view>

#include "http/http_request.h"

namespace grange {

/// The other side of a transfer: takes what it receives, gives what it sends, learns its end.
/// Called on the client's thread and never to block there.
class HttpClientPeer {
 public:
  virtual ~HttpClientPeer() = default;

  /// Sends something of its own, in the place of the request's small body?
  virtual bool has_body() const { return false; }
  /// How much, where that is known.
  virtual std::optional<std::uint64_t> body_size() const { return std::nullopt; }
  /// Does what was taken stay, so that another try must continue behind it?
  virtual bool keeps() const = 0;

  /// A try begins: the body is given from its start, if `with_body`; what does not stay goes.
  virtual void begin_try(bool with_body) = 0;
  /// A part of a success's body, taken whole; or false: ask again after HttpClientDriver::wake. An
  /// error that is thrown ends the request.
  virtual bool take(std::string_view data) = 0;
  /// Some bytes of the body, 0 at its end; or nothing: ask again after HttpClientDriver::wake.
  virtual std::optional<std::size_t> give(char*, std::size_t) { return 0; }
  /// The last call. `response` means something where there is no error.
  virtual void finish(HttpResponse response, std::exception_ptr error) noexcept = 0;
};

}  // namespace grange
