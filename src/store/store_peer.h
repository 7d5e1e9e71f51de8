#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/stream.h"
#include "process/process.h"

namespace grange {

/// The other end of a connection to a store: a socket, or a program's standard input and output.
///
/// Nothing waits for ever: each wait for the other end lasts as long as `patience` says
/// (TimeoutError), and ends with CancelledError after `interrupt`. An end that is gone is an
/// UnavailableError, with the last that a program said on its standard error. While something is
/// written, what arrives is taken in, so that two ends that both write never wait for each other.
/// For one thread, but for `interrupt`.
class StorePeer final : public Source, public Sink {
 public:
  /// Hears what a program says on its standard error, while something is read or written.
  using ErrorListener = std::function<void(std::string_view)>;

  /// `shown` names the other end in errors.
  static std::unique_ptr<StorePeer> connect(const std::filesystem::path& socket, std::string shown);
  /// Starts a program: in a process group of its own, or in ours, where it may ask at the terminal
  /// for what it needs and hears the terminal's signals.
  enum class Group { own, ours };
  static std::unique_ptr<StorePeer> start(const std::vector<std::string>& command,
                                          std::string shown, Group group = Group::own);
  /// A connected stream socket.
  static std::unique_ptr<StorePeer> over(FileDescriptor socket, std::string shown);

  /// Closes the connection. A program that does not end by itself then is killed.
  ~StorePeer() override;
  StorePeer(const StorePeer&) = delete;
  StorePeer& operator=(const StorePeer&) = delete;

  std::size_t read(char* buffer, std::size_t size) override;
  void write(std::string_view data) override;
  /// Has something arrived, or has the other end gone? Does not wait.
  bool has_input();
  const std::string& shown() const { return shown_; }

  /// How long one wait lasts at most; nothing: without end.
  void set_patience(std::optional<Seconds> patience) { patience_ = patience; }
  void listen(ErrorListener listener) { listener_ = std::move(listener); }
  /// Takes in what a program has said on its standard error by now.
  void take_errors();
  /// Ends what waits, and everything from here on. From any thread.
  void interrupt() noexcept;
  bool is_interrupted() const noexcept { return interrupted_; }

 private:
  struct Ends {
    FileDescriptor in;
    FileDescriptor out{};    ///< not open: the same as `in`, a socket
    FileDescriptor error{};  ///< not open: there is none
    std::optional<ChildProcess> child{};
  };
  StorePeer(Ends ends, std::string shown);

  enum class For { reading, writing, looking };
  /// Waits until there is something to do; what arrived on standard error is taken in.
  struct Ready {
    bool in = false;
    bool out = false;
  };
  Ready wait(For what, std::optional<MonotonicTime> deadline);
  std::optional<MonotonicTime> deadline() const;
  void take_in();
  bool take_error();
  void take_last_errors();
  [[noreturn]] void throw_gone();

  Ends ends_;
  std::string shown_;
  FileDescriptor wake_;
  std::atomic<bool> interrupted_ = false;
  std::optional<Seconds> patience_;
  ErrorListener listener_;
  std::string arrived_;  ///< and not read yet, from `at_` on
  std::size_t at_ = 0;
  bool ended_ = false;       ///< nothing more arrives
  std::string last_errors_;  ///< the end of what the program said
};

}  // namespace grange
