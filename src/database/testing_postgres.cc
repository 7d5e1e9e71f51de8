#include "database/testing_postgres.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "database/database.h"

namespace grange {
namespace {

constexpr const char* kScript = GRANGE_SOURCE_DIR "/tests/postgres_server.py";
constexpr std::chrono::minutes kStartPatience(2);

}  // namespace

std::string TestingPostgres::missing() {
  std::error_code ignored;
  return std::filesystem::is_empty("/usr/lib/postgresql", ignored) || ignored
             ? "PostgreSQL is not installed"
             : "";
}

TestingPostgres& TestingPostgres::shared() {
  static TestingPostgres server;
  return server;
}

// A socket's path is short, and another user must reach it: not below $TMPDIR.
TestingPostgres::TestingPostgres() : directory_("/tmp", "grange-postgres") {
  start();
}

void TestingPostgres::start() {
  const auto log = (directory_.path() / "log").string();
  const auto directory = (directory_.path() / "server").string();
  std::filesystem::permissions(directory_.path(), std::filesystem::perms{0711});
  std::string python = "/usr/bin/python3", script = kScript;
  std::string argument = directory;
  char* arguments[] = {python.data(), script.data(), argument.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int error = ::posix_spawn(&process_, python.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw SystemError(error, "starting " + script);

  const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    if (has_ended(false) || std::chrono::steady_clock::now() > deadline) {
      throw UnavailableError("the server of the tests does not start: " + read_file(log));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

TestingPostgres::~TestingPostgres() {
  if (process_ < 0) return;
  ::kill(process_, SIGQUIT);  // at once: nothing of it is needed any more
  has_ended(true);
}

bool TestingPostgres::has_ended(bool wait) {
  if (::waitpid(process_, nullptr, wait ? 0 : WNOHANG) == 0) return false;
  process_ = -1;
  return true;
}

std::string TestingPostgres::url(const std::string& database) const {
  return "postgresql://grange@/" + database + "?host=" + (directory_.path() / "server").string();
}

void TestingPostgres::create_database(const std::string& database) {
  execute("CREATE DATABASE " + database);
}

void TestingPostgres::drop_database(const std::string& database) {
  execute("DROP DATABASE IF EXISTS " + database + " WITH (FORCE)");
}

void TestingPostgres::execute(const std::string& sql) {
  open_database(DatabaseLocation::parse(url("postgres")))->execute(sql);
}

}  // namespace grange
