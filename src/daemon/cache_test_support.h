#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/stream.h"
#include "daemon/cache_server.h"
#include "store/store_test_support.h"

namespace grange {

/// What a test saw of one answer; a body that is written on its way is whole here.
struct CacheAnswer {
  int status = 0;
  HeaderFields fields;
  std::string body;
  bool at_once = false;  ///< on the io thread
};

using TestFields = std::vector<std::pair<std::string, std::string>>;

/// Asks a cache server without a socket.
inline CacheAnswer ask_cache(const CacheServer& server, RequestMethod method,
                             std::string_view target, const TestFields& fields = {},
                             const std::string& body = {}) {
  ServerRequest request;
  request.method = method;
  request.target = RequestTarget::parse(target);
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  request.content_length = body.size();
  auto handling = server.dispatch(request);
  StringSource source(body);
  HandlerCall call{.request = request, .captured = {}, .text = {}, .source = nullptr, .stop = {}};
  if (handling.body == BodyMode::text) call.text = body;
  if (handling.body == BodyMode::source) call.source = &source;
  ServerResponse response;
  try {
    response = handling.run(call);
  } catch (const std::exception& error) {
    response = error_response(error);
  }
  CacheAnswer answer{
      response.status, response.headers, {}, handling.place == HandlerPlace::inline_on_io};
  if (auto* text = std::get_if<std::string>(&response.body)) answer.body = *text;
  if (auto* file = std::get_if<FileBody>(&response.body)) {
    answer.body.resize(file->length);
    if (::pread(file->file->get(), answer.body.data(), file->length,
                static_cast<off_t>(file->offset)) != static_cast<ssize_t>(file->length)) {
      answer.status = 0;
    }
  }
  if (auto* stream = std::get_if<StreamBody>(&response.body)) {
    StringSink sink;
    stream->write(sink);
    answer.body = sink.take();
    if (stream->length && *stream->length != answer.body.size()) answer.status = 0;
  }
  return answer;
}

inline CacheAnswer get_from_cache(const CacheServer& server, std::string_view target,
                                  const TestFields& fields = {}) {
  return ask_cache(server, RequestMethod::get, target, fields);
}

/// The value of one line of a narinfo.
inline std::string narinfo_line(const std::string& text, const std::string& key) {
  const auto at = ("\n" + text).find("\n" + key + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + key.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace grange
