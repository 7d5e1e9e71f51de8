#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace grange {

/// Somewhere bytes go. Calls come from one thread; errors are thrown.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view data) = 0;
};

/// Somewhere bytes come from.
class Source {
 public:
  virtual ~Source() = default;
  /// Up to `size` bytes into `buffer`; 0 only at the end. `size` must be positive.
  virtual std::size_t read(char* buffer, std::size_t size) = 0;
  /// Exactly `size` bytes; throws CorruptError when the source ends before.
  void read_exactly(char* buffer, std::size_t size);
};

class StringSink final : public Sink {
 public:
  void write(std::string_view data) override { text_.append(data); }
  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Hashes and counts what passes, and hands it on where there is a `next`.
class HashSink final : public Sink {
 public:
  explicit HashSink(HashAlgorithm algorithm, Sink* next = nullptr)
      : hasher_(algorithm), next_(next) {}
  void write(std::string_view data) override;
  Hash finish() { return hasher_.finish(); }
  std::uint64_t size() const { return size_; }

 private:
  Hasher hasher_;
  Sink* next_;
  std::uint64_t size_ = 0;
};

class TeeSink final : public Sink {
 public:
  TeeSink(Sink& first, Sink& second) : first_(first), second_(second) {}
  void write(std::string_view data) override {
    first_.write(data);
    second_.write(data);
  }

 private:
  Sink& first_;
  Sink& second_;
};

class NullSink final : public Sink {
 public:
  void write(std::string_view) override {}
};

class StringSource final : public Source {
 public:
  explicit StringSource(std::string_view text) : rest_(text) {}
  std::size_t read(char* buffer, std::size_t size) override;

 private:
  std::string_view rest_;
};

/// Hands on to `sink` whatever is read through it.
class TeeSource final : public Source {
 public:
  TeeSource(Source& from, Sink& sink) : from_(from), sink_(sink) {}
  std::size_t read(char* buffer, std::size_t size) override;

 private:
  Source& from_;
  Sink& sink_;
};

/// Does not own its descriptor. Retries EINTR and short writes.
class FdSink final : public Sink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  void write(std::string_view data) override;

 private:
  int fd_;
};

class FdSource final : public Source {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  std::size_t read(char* buffer, std::size_t size) override;

 private:
  int fd_;
};

/// Moves everything from `source` to `sink` through one fixed buffer; how many bytes there were.
std::uint64_t drain(Source& source, Sink& sink);
/// Everything a source has, refused with CorruptError beyond `limit` bytes. `expected`: how many
/// there may be, to allocate once.
std::string read_all(Source& source, std::uint64_t limit, std::uint64_t expected = 0);

}  // namespace grange
