#include <boost/asio/post.hpp>

#include "base/error.h"
#include "http/http_server_connection.h"

namespace grange {

std::shared_ptr<BodyPipe> HttpConnection::make_body_pipe() {
  return std::make_shared<BodyPipe>(core_.options.pipe_size, core_.buffered, waker());
}

/// The body as the handler takes it, then the handler where it wants to run. Throws what it throws,
/// Refusal for a body that cannot be had, UnavailableError when the client is gone.
Awaitable<ServerResponse> HttpConnection::call(std::shared_ptr<const ServerRequest> request,
                                               Handling handling) {
  const bool is_text = handling.body == BodyMode::text;
  const bool is_source = handling.body == BodyMode::source;
  body_limit_ =
      handling.body_limit.value_or(is_text ? core_.options.text_body : core_.options.source_body);
  if ((is_text || is_source) && request->content_length.value_or(0) > body_limit_) {
    throw Refusal{413, "the body is too large"};
  }
  auto job = std::make_shared<HandlerJob>();
  job->request = std::move(request);
  job->handling = std::move(handling);
  job->call.emplace(HandlerCall{.request = *job->request,
                                .captured = std::move(job->handling.captured),
                                .text = {},
                                .source = nullptr,
                                .stop = job->stop.get_token()});
  if (is_text && has_body_) job->call->text = co_await read_text();
  if (is_source) {
    job->pipe = make_body_pipe();
    job->source.emplace(*job->pipe);
    job->call->source = &*job->source;
    if (!has_body_) job->pipe->finish();
  }
  if (job->handling.timeout || !is_source) {
    job->deadline = after(job->handling.timeout.value_or(core_.options.handler_timeout));
    job->call->deadline = job->deadline;
  }
  if (job->handling.place == HandlerPlace::inline_on_io) co_return job->handling.run(*job->call);

  job->work = [&job = *job] { job.response = job.handling.run(*job.call); };
  WorkPool& pool = job->handling.place == HandlerPlace::compute ? core_.compute : core_.blocking;
  const bool posted = post(pool, job);
  if (!posted) {
    ServerResponse busy = text_response(503, "too much is asked of this server at once");
    busy.headers.set("Retry-After", "1");
    co_return busy;
  }
  if (is_source && has_body_) {
    co_await feed_pipe(job);
  } else {
    co_await finish_job(job);
  }
  if (job->error) std::rethrow_exception(job->error);
  co_return std::move(job->response);
}

/// False when the pool's queue is full. Else `finish_job` must follow before the job is forgotten.
bool HttpConnection::post(WorkPool& pool, std::shared_ptr<HandlerJob> job) {
  if (aborted_) job->stop.request_stop();
  const bool posted = pool.try_post([self = shared_from_this(), job]() mutable {
    try {
      job->work();
    } catch (...) {
      job->error = std::current_exception();
    }
    job->work = nullptr;
    AsioExecutor executor = self->io_.context.get_executor();
    // Moved, so that their last owner is on the io thread.
    asio::post(executor, [self = std::move(self), job = std::move(job)] {
      job->done = true;
      if (self->is_reading_body_) {
        AsioError ignored;
        self->socket_.cancel(ignored);
      }
      self->wake();
    });
  });
  if (posted) job_ = std::move(job);
  return posted;
}

Awaitable<void> HttpConnection::finish_job(std::shared_ptr<HandlerJob> job) {
  set_deadline(job->deadline);
  while (!job->done) {
    co_await wait_for_wake();
    if (timed_out_) expire(*job);
  }
  no_deadline();
  if (job->pipe) {
    job->pipe->fail(std::make_exception_ptr(CancelledError("the request has been answered")));
  }
}

void HttpConnection::expire(HandlerJob& job) {
  timed_out_ = false;
  job.deadline = MonotonicTime::max();
  job.stop.request_stop();
  if (job.pipe) job.pipe->fail(std::make_exception_ptr(TimeoutError("this took too long")));
}

void HttpConnection::report(const ServerRequest& request, const std::exception_ptr& error) {
  if (!core_.options.on_error || is_cut_off_ || aborted_) return;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    core_.options.on_error(request, exception);
  }
}

}  // namespace grange
