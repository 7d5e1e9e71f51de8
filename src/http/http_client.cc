#include "http/http_client.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "http/http_client_driver.h"
#include "http/http_client_stream.h"
#include "http/http_client_transfer.h"

namespace grange {
namespace {

/// Gathers the body of a success and calls back.
class GatheringPeer final : public HttpClientPeer {
 public:
  explicit GatheringPeer(HttpClient::Callback done) : done_(std::move(done)) {}

  bool keeps() const override { return false; }
  void begin_try(bool) override { body_.clear(); }
  bool take(std::string_view data) override {
    body_.append(data);
    return true;
  }
  void finish(HttpResponse response, std::exception_ptr error) noexcept override {
    if (!error && response.ok()) response.body = std::move(body_);
    done_(std::move(response), std::move(error));
  }

 private:
  HttpClient::Callback done_;
  std::string body_;
};

/// A download whose reader pulls.
class PulledDownload final : public Source {
 public:
  PulledDownload(HttpClientDriver& driver, std::unique_ptr<HttpTransfer> transfer,
                 std::shared_ptr<HttpClientStream> stream, const std::stop_token& stop)
      : driver_(driver),
        stream_(std::move(stream)),
        id_(driver_.start(std::move(transfer), stop)) {}
  ~PulledDownload() override {
    // What the request refers to may go once this is gone.
    driver_.cancel(id_);
    stream_->wait_for_end();
  }
  PulledDownload(const PulledDownload&) = delete;
  PulledDownload& operator=(const PulledDownload&) = delete;

  void begin() {
    if (!refill()) throw_for_status(stream_->response());
  }

  std::size_t read(char* buffer, std::size_t size) override {
    if (at_ == piece_.size() && !refill()) return 0;
    const auto count = std::min(size, piece_.size() - at_);
    std::memcpy(buffer, piece_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  bool refill() {
    at_ = 0;
    return stream_->next(piece_, [this] { driver_.wake(id_); });
  }

  HttpClientDriver& driver_;
  std::shared_ptr<HttpClientStream> stream_;
  HttpClientDriver::Id id_;
  std::string piece_;
  std::size_t at_ = 0;  ///< what is before it has been read
};

}  // namespace

struct HttpClient::Parts {
  Parts(HttpClientOptions chosen, const Clock& time)
      : options(std::move(chosen)), clock(time), driver(options, clock) {}

  const HttpClientOptions options;
  const Clock& clock;
  HttpClientDriver driver;
};

HttpClient::HttpClient(HttpClientOptions options, const Clock& clock)
    : parts_(std::make_unique<Parts>(std::move(options), clock)) {}

HttpClient::~HttpClient() = default;

void HttpClient::start(HttpRequest request, Callback done, std::stop_token stop) {
  parts_->driver.start(std::make_unique<HttpTransfer>(
                           std::move(request), std::make_shared<GatheringPeer>(std::move(done)),
                           parts_->options, parts_->clock),
                       std::move(stop));
}

std::future<HttpResponse> HttpClient::start(HttpRequest request, std::stop_token stop) {
  auto promise = std::make_shared<std::promise<HttpResponse>>();
  auto future = promise->get_future();
  start(
      std::move(request),
      [promise](HttpResponse response, const std::exception_ptr& error) {
        if (error) {
          promise->set_exception(error);
        } else {
          promise->set_value(std::move(response));
        }
      },
      std::move(stop));
  return future;
}

HttpResponse HttpClient::send(HttpRequest request, const std::stop_token& stop) {
  return start(std::move(request), stop).get();
}

HttpResponse HttpClient::get(const Url& url, const std::stop_token& stop) {
  return send(HttpRequest(url), stop);
}

HttpResponse HttpClient::head(const Url& url, const std::stop_token& stop) {
  return send(HttpRequest(url, "HEAD"), stop);
}

HttpResponse HttpClient::download(HttpRequest request, Sink& sink, const std::stop_token& stop) {
  return stream(std::move(request), &sink, nullptr, stop);
}

std::unique_ptr<Source> HttpClient::open(HttpRequest request, const std::stop_token& stop) {
  auto stream = std::make_shared<HttpClientStream>(parts_->options.buffer_size);
  auto transfer =
      std::make_unique<HttpTransfer>(std::move(request), stream, parts_->options, parts_->clock);
  auto source = std::make_unique<PulledDownload>(parts_->driver, std::move(transfer),
                                                 std::move(stream), stop);
  source->begin();
  return source;
}

HttpResponse HttpClient::upload(HttpRequest request, const HttpBody& body,
                                const std::stop_token& stop) {
  request.body.reset();
  return stream(std::move(request), nullptr, &body, stop);
}

HttpResponse HttpClient::stream(HttpRequest request, Sink* sink, const HttpBody* body,
                                const std::stop_token& stop) {
  auto& driver = parts_->driver;
  const auto peer = std::make_shared<HttpClientStream>(parts_->options.buffer_size, sink, body);
  const auto id = driver.start(
      std::make_unique<HttpTransfer>(std::move(request), peer, parts_->options, parts_->clock),
      stop);
  try {
    return peer->run([&] { driver.wake(id); });
  } catch (...) {
    // What the request refers to may go once this returns.
    driver.cancel(id);
    peer->wait_for_end();
    throw;
  }
}

}  // namespace grange
