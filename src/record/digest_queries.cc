#include "record/digest_queries.h"

#include <algorithm>

namespace grange {
namespace {

constexpr std::size_t kAskedAtOnce = 4096;
constexpr std::size_t kInsertedAtOnce = 64;

std::string insert_text(std::string_view table, std::string_view on_conflict, std::size_t rows) {
  std::string text = "INSERT INTO " + std::string(table) + " (digest, map) VALUES ";
  for (std::size_t i = 0; i < rows; ++i) {
    text += (i == 0 ? "(?" : ", (?") + std::to_string(i + 2) + ", ?1)";
  }
  return text + " " + std::string(on_conflict);
}

}  // namespace

bool is_better_asked_at_once(const Database& database, std::size_t count) {
  return database.kind() == DatabaseKind::postgresql && count > 2;
}

void query_digests(Database& database, std::string_view query, std::span<const ByteView> digests,
                   const std::function<void(Statement&)>& bind_more,
                   const std::function<void(const Statement&)>& row) {
  auto find =
      database.prepare(std::string(query) + " " + database.one_of(1, Database::ListOf::blobs));
  while (!digests.empty()) {
    const auto part = digests.first(std::min(kAskedAtOnce, digests.size()));
    find.bind_blobs(1, part);
    if (bind_more) bind_more(find);
    while (find.step()) row(find);
    find.reset();
    digests = digests.subspan(part.size());
  }
}

void insert_digests(Database& database, std::string_view table, std::string_view on_conflict,
                    std::span<const ByteView> digests, std::optional<std::int64_t> map) {
  for (const std::size_t rows : {kInsertedAtOnce, std::size_t{1}}) {
    auto insert = database.prepare(insert_text(table, on_conflict, rows));
    for (; digests.size() >= rows; digests = digests.subspan(rows)) {
      insert.bind_optional(1, map);
      for (std::size_t i = 0; i < rows; ++i) {
        insert.bind_blob(static_cast<int>(i + 2), digests[i]);
      }
      insert.run();
    }
  }
}

}  // namespace grange
