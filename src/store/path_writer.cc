#include "store/path_writer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace grange {

PathWriter::PathWriter(SqliteDatabase& database, StoreDir store)
    : store_(std::move(store)),
      database_(database),
      find_(database.prepare("select id from ValidPaths where path = ?")),
      insert_(database.prepare("insert into ValidPaths (narSize, hash, ultimate, sigs, ca, path, "
                               "registrationTime, deriver) values (?, ?, ?, ?, ?, ?, ?, ?)")),
      update_(database.prepare("update ValidPaths set narSize = ?, hash = ?, ultimate = ?, "
                               "sigs = ?, ca = ? where path = ?")),
      reference_(
          database.prepare("insert or replace into Refs (referrer, reference) values (?, ?)")),
      output_(database.prepare(
          "insert or replace into DerivationOutputs (drv, id, path) values (?, ?, ?)")),
      remove_(database.prepare("delete from ValidPaths where path = ?")) {}

std::optional<std::int64_t> PathWriter::find(const StorePath& path) {
  std::optional<std::int64_t> id;
  if (find_.bind(1, store_.print(path)).step()) id = find_.integer(0);
  find_.reset();
  return id;
}

namespace {

/// The first six columns of insert and update, in the same places.
SqliteStatement& bind_common(SqliteStatement& statement, const PathInfo& info,
                             const StoreDir& store) {
  statement.bind(1, static_cast<std::int64_t>(info.nar_size));
  if (info.nar_size == 0) statement.bind_null(1);
  statement.bind(2, info.nar_hash.to_string(HashFormat::base16));
  if (info.ultimate) {
    statement.bind(3, 1);
  } else {
    statement.bind_null(3);
  }
  if (info.signatures.empty()) {
    statement.bind_null(4);
  } else {
    statement.bind(4, join(info.signatures, " "));
  }
  if (info.content_address) {
    statement.bind(5, info.content_address->to_string());
  } else {
    statement.bind_null(5);
  }
  return statement.bind(6, store.print(info.path));
}

}  // namespace

std::int64_t PathWriter::insert(const PathInfo& info, std::int64_t now) {
  bind_common(insert_, info, store_);
  insert_.bind(7, info.registration_time == 0 ? now : info.registration_time);
  if (info.deriver) {
    insert_.bind(8, store_.print(*info.deriver));
  } else {
    insert_.bind_null(8);
  }
  insert_.run();
  return database_.last_insert_id();
}

void PathWriter::update(const PathInfo& info) {
  bind_common(update_, info, store_).run();
}

void PathWriter::put(const std::vector<PathInfo>& infos, const DerivationOutputPaths& outputs,
                     std::int64_t now) {
  Ids known;
  for (const PathInfo& info : infos) {
    if (const auto id = find(info.path)) {
      update(info);
      known[info.path] = *id;
    } else {
      known[info.path] = insert(info, now);
    }
  }
  for (const PathInfo& info : infos) put_references(info, known.at(info.path), known);
  for (const auto& [derivation, paths] : outputs) {
    for (const auto& [name, path] : paths) {
      output_.bind(1, known.at(derivation)).bind(2, name).bind(3, store_.print(path)).run();
    }
  }
}

void PathWriter::put_references(const PathInfo& info, std::int64_t referrer, Ids& known) {
  for (const StorePath& path : info.references) {
    auto found = known.find(path);
    if (found == known.end()) {
      const auto id = find(path);
      if (!id) {
        throw InvalidError("path '" + store_.print(info.path) + "' refers to '" +
                           store_.print(path) + "', which is not valid");
      }
      found = known.emplace(path, *id).first;
    }
    reference_.bind(1, referrer).bind(2, found->second).run();
  }
}

void PathWriter::remove(const StorePath& path) {
  try {
    remove_.bind(1, store_.print(path)).run();
  } catch (const ConflictError&) {
    throw ConflictError("path '" + store_.print(path) +
                        "' stays valid: other valid paths refer to it");
  }
}

std::size_t PathWriter::add_signatures(const StorePath& path,
                                       const std::vector<std::string>& signatures) {
  const auto id = find(path);
  if (!id) throw NotFoundError("path '" + store_.print(path) + "' is not valid");
  auto read = database_.prepare("select sigs from ValidPaths where id = ?");
  read.bind(1, *id).step();
  std::vector<std::string> present;
  if (!read.is_null(0)) {
    for (const auto signature : split_words(read.text(0))) present.emplace_back(signature);
  }
  std::size_t added = 0;
  for (const auto& signature : signatures) {
    if (std::find(present.begin(), present.end(), signature) != present.end()) continue;
    present.push_back(signature);
    ++added;
  }
  if (added == 0) return 0;
  auto write = database_.prepare("update ValidPaths set sigs = ? where id = ?");
  write.bind(1, join(present, " ")).bind(2, *id).run();
  return added;
}

}  // namespace grange
