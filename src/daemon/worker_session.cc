#include "daemon/worker_session.h"

#include <type_traits>
#include <utility>
#include <variant>

#include <sys/socket.h>
#include <sys/time.h>

#include "base/error.h"
#include "base/text.h"
#include "wire/framed_data.h"

namespace grange {
namespace {

/// How much of what a client still sends is read after an error, so that it hears of it.
constexpr std::uint64_t kMostIgnored = std::uint64_t{1} << 40;
/// Nix clients take a version from it, as people read it.
constexpr std::string_view kNixVersion = "2.8.0 (Grange " GRANGE_VERSION ")";

/// How long a client may take over the greeting: who only connects must not hold a thread for ever.
constexpr time_t kGreetingSeconds = 30;

/// Of reading from a socket; nothing for what is none. 0: no limit.
void limit_reading(int fd, time_t seconds) {
  const timeval limit{seconds, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

template <typename Type, typename... Types>
constexpr bool kIsOneOf = (std::is_same_v<Type, Types> || ...);

WorkerAnnouncement announcement() {
  WorkerAnnouncement announced;
  announced.features.emplace(kFeatureRealisationWithPath);
  return announced;
}

}  // namespace

void WorkerSession::PeerSink::write(std::string_view data) {
  try {
    sink_.write(data);
  } catch (const Error&) {
    throw PeerGone{};
  }
}

WorkerSession::WorkerSession(const DaemonContext& context, ClientIdentity client, int in, int out,
                             NestedView* nested)
    : context_(context),
      client_(std::move(client)),
      nested_(nested),
      in_(in),
      raw_source_(in),
      source_(raw_source_),
      raw_sink_(out),
      out_(raw_sink_),
      store_(context.store.session()),
      settings_(context.settings),
      dialect_{context.store.store_dir(), kWorkerVersion, {}, {}} {
  if (nested_ == nullptr) return;
  store_->limit_waits({context.stop, nested_->held()});
  settings_.require_signatures = true;
}

WorkerSession::~WorkerSession() = default;

void WorkerSession::run() {
  try {
    const WorkerServerInfo info{std::string(kNixVersion),
                                client_.trusted ? PeerTrust::trusted : PeerTrust::not_trusted};
    limit_reading(in_, kGreetingSeconds);
    dialect_ = greet_worker_client(source_, out_, context_.store.store_dir(), announcement(), info);
    limit_reading(in_, 0);
    reader_.emplace(source_, dialect_);
    writer_.emplace(out_, dialect_);
    write_worker_frame(*writer_, LastFrame{});
    out_.flush();
    while (!context_.stop.stop_requested() && !source_.at_end()) {
      reader_->start_message();
      std::optional<WorkerRequest> request;
      try {
        request = read_worker_request(*reader_);
      } catch (const Error& error) {
        // What follows cannot be told from a request.
        tell_error(error);
        out_.flush();
        return;
      }
      serve(*request);
      out_.flush();
    }
  } catch (const PeerGone&) {
    return;
  } catch (const Error&) {
    return;  // half a greeting, or what else is of this connection alone
  }
}

template <typename Request>
auto WorkerSession::handle_nested(const Request&)
    -> decltype(std::declval<WorkerSession&>().handle(std::declval<const Request&>())) {
  throw DeniedError("builders are not allowed to do this through their own socket");
}

template <typename Request>
void WorkerSession::require_allowed() const {
  // What is followed by a stream asks for trust or signatures itself, once it has read that.
  constexpr bool kIsUpkeep =
      kIsOneOf<Request, AddIndirectRoot, AddPermRoot, FindRoots, CollectGarbage, OptimiseStore,
               VerifyStore, AddSignatures, RegisterDrvOutput, BuildDerivation>;
  if (kIsUpkeep && client_.restricted) {
    throw DeniedError("evaluators are not allowed to do this");
  }
}

void WorkerSession::serve(const WorkerRequest& request) {
  std::visit([&](const auto& operation) { answer(operation); }, request);
}

template <typename Request>
void WorkerSession::answer(const Request& request) {
  try {
    require_allowed<Request>();
    const auto reply = nested_ != nullptr ? handle_nested(request) : handle(request);
    tell_all(queue_.take_now());
    StringSink text;
    WireWriter(text, dialect_).put(reply);
    tell(LastFrame{});
    out_.write(text.text());
  } catch (const Error& error) {
    tell_all(queue_.take_now());
    tell_error(error);
    if (error.kind() == ErrorKind::cancelled) {
      out_.flush();
      throw PeerGone{};
    }
    return;
  }
  if constexpr (std::is_same_v<Request, NarFromPath>) {
    try {
      store_->open_nar(request.path)->write_to(out_);
    } catch (const Error&) {
      throw PeerGone{};  // in the middle of an archive nothing else can be said
    }
  }
}

void WorkerSession::tell(const WorkerFrame& frame) {
  if (!dialect_.at_least(20) && (std::holds_alternative<StartActivityFrame>(frame) ||
                                 std::holds_alternative<StopActivityFrame>(frame) ||
                                 std::holds_alternative<ResultFrame>(frame))) {
    return;
  }
  write_worker_frame(*writer_, frame);
}

void WorkerSession::tell_all(const std::vector<WorkerFrame>& frames) {
  for (const auto& frame : frames) tell(frame);
}

void WorkerSession::tell_line(Verbosity level, const std::string& line) {
  if (level <= settings_.verbosity) queue_.push(NextFrame{line + "\n"});
}

void WorkerSession::tell_error(const Error& error) {
  ErrorFrame frame;
  frame.name = "Error";
  frame.message = error.message();
  frame.traces = error.contexts();
  tell(frame);
}

void WorkerSession::require_trust(const std::string& what) const {
  if (!client_.trusted) {
    throw DeniedError(what + " is not allowed because you are not in 'trusted-users'");
  }
}

void WorkerSession::with_framed(const std::function<void(Source&)>& use) {
  FramedSource framed(source_);
  const auto finish = [&] {
    try {
      framed.finish(kMostIgnored);
    } catch (const Error&) {
      throw PeerGone{};
    }
  };
  try {
    use(framed);
  } catch (const Error&) {
    finish();
    throw;
  }
  finish();
}

void WorkerSession::check_valid(const StorePath& path) {
  if (nested_ != nullptr) require_visible(path);
  if (!store_->is_valid(path)) {
    throw InvalidError("path '" + store_->store_dir().print(path) + "' is not valid");
  }
}

}  // namespace grange
