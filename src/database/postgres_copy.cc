#include "database/postgres_copy.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::size_t kSentAtOnce = 64 * 1024;

/// COPY's text format: tabs between columns, \N for NULL, and a backslash before what is neither.
/// Unlike its binary format it fits whatever type a column has.
class PostgresCopy final : public BulkInsert {
 public:
  PostgresCopy(PostgresConnection& connection, std::size_t columns)
      : connection_(connection), row_(columns, kNull) {}
  ~PostgresCopy() override {
    if (ended_) return;
    try {
      connection_.end_copy("the rows were not finished");
    } catch (const Error&) {  // nothing of it lasts
    }
  }
  PostgresCopy(const PostgresCopy&) = delete;
  PostgresCopy& operator=(const PostgresCopy&) = delete;

  void bind(int index, std::int64_t value) override { column(index) = std::to_string(value); }
  void bind(int index, double value) override { column(index) = fmt::format("{}", value); }
  void bind(int index, std::string_view text) override {
    auto& escaped = column(index);
    escaped.clear();
    for (const char c : text) {
      switch (c) {
        case '\\':
          escaped += "\\\\";
          break;
        case '\t':
          escaped += "\\t";
          break;
        case '\n':
          escaped += "\\n";
          break;
        case '\r':
          escaped += "\\r";
          break;
        default:
          escaped += c;
      }
    }
  }
  void bind_blob(int index, ByteView bytes) override {
    column(index) = "\\\\x" + base16_encode(bytes);
  }
  void bind_null(int index) override { column(index) = kNull; }

  void next() override {
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (i > 0) buffer_ += '\t';
      buffer_ += row_[i];
      row_[i] = kNull;
    }
    buffer_ += '\n';
    if (buffer_.size() >= kSentAtOnce) send();
  }

  void finish() override {
    send();
    ended_ = true;
    connection_.end_copy(nullptr);
  }

 private:
  static constexpr const char* kNull = "\\N";

  std::string& column(int index) {
    if (index < 1 || static_cast<std::size_t>(index) > row_.size()) {
      throw CorruptError(fmt::format("a row has no column {}", index));
    }
    return row_[static_cast<std::size_t>(index) - 1];
  }

  void send() {
    if (buffer_.empty()) return;
    try {
      connection_.put_copy(buffer_);
    } catch (...) {
      ended_ = true;
      throw;
    }
    buffer_.clear();
  }

  PostgresConnection& connection_;
  std::vector<std::string> row_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<BulkInsert> begin_postgres_copy(PostgresConnection& connection,
                                                std::string_view table,
                                                std::span<const std::string_view> columns) {
  connection.begin_copy(fmt::format("COPY {} ({}) FROM STDIN", table,
                                    fmt::join(columns.begin(), columns.end(), ", ")));
  return std::make_unique<PostgresCopy>(connection, columns.size());
}

}  // namespace grange
