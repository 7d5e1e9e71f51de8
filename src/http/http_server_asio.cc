// The bodies of Asio and Beast, which all else of this house is linked with.
#include "http/http_server_asio.h"

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
