#include "command/listen_address.h"

#include "base/error.h"
#include "base/text.h"

namespace grange {

ListenAddress ListenAddress::parse(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : parse_number(text.substr(colon + 1));
  if (!port || *port > 65535 || colon == 0) {
    throw InvalidError("--listen: specified HOST:PORT, got '" + printable(text) + "'");
  }
  ListenAddress address{text.substr(0, colon), static_cast<std::uint16_t>(*port)};
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  return address;
}

std::string ListenAddress::url(std::uint16_t bound) const {
  const bool is_six = host.find(':') != std::string::npos;
  return "http://" + (is_six ? "[" + host + "]" : host) + ":" + std::to_string(bound);
}

}  // namespace grange
