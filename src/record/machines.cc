#include "record/machines.h"

#include "base/text.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kMachineColumns =
    "SELECT id, name, systems, features, mandatory_features, slots, speed, drained, first_seen, "
    "last_seen FROM machines ";

std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> words;
  for (const auto word : split(text, ' ')) {
    if (!word.empty()) words.emplace(word);
  }
  return words;
}

std::string words_text(const std::set<std::string>& words) {
  return join(std::vector<std::string>(words.begin(), words.end()), " ");
}

MachineRow read_machine(const Statement& statement) {
  RowReader row(statement);
  MachineRow machine;
  machine.id = row.integer();
  machine.name = row.text();
  machine.systems = words_of(row.text());
  machine.features = words_of(row.text());
  machine.mandatory_features = words_of(row.text());
  machine.slots = static_cast<unsigned>(row.integer());
  machine.speed = row.real();
  machine.drained = row.flag();
  machine.first_seen = row.time();
  machine.last_seen = row.time();
  return machine;
}

}  // namespace

MachineRow Machines::seen(const MachineRow& machine, TimePoint now) {
  run(database_,
      "INSERT INTO machines (name, systems, features, mandatory_features, slots, speed, drained, "
      "first_seen, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7) "
      "ON CONFLICT (name) DO UPDATE SET systems = excluded.systems, features = excluded.features, "
      "mandatory_features = excluded.mandatory_features, slots = excluded.slots, "
      "speed = excluded.speed, last_seen = excluded.last_seen",
      machine.name, words_text(machine.systems), words_text(machine.features),
      words_text(machine.mandatory_features), machine.slots, machine.speed, now);
  return find(machine.name).value();
}

void Machines::seen(std::int64_t id, TimePoint now) {
  run(database_, "UPDATE machines SET last_seen = ?2 WHERE id = ?1", id, now);
}

std::vector<MachineRow> Machines::all() {
  auto statement = database_.prepare(std::string(kMachineColumns) + "ORDER BY name");
  std::vector<MachineRow> machines;
  while (statement.step()) machines.push_back(read_machine(statement));
  return machines;
}

std::optional<MachineRow> Machines::find(std::int64_t id) {
  auto statement = database_.prepare(std::string(kMachineColumns) + "WHERE id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return std::nullopt;
  return read_machine(statement);
}

std::optional<MachineRow> Machines::find(const std::string& name) {
  auto statement = database_.prepare(std::string(kMachineColumns) + "WHERE name = ?1");
  bind_all(statement, name);
  if (!statement.step()) return std::nullopt;
  return read_machine(statement);
}

void Machines::set_drained(std::int64_t id, bool drained) {
  run(database_, "UPDATE machines SET drained = ?2 WHERE id = ?1", id, drained);
}

}  // namespace grange
