#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <set>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>

#include "base/error.h"
#include "base/text.h"
#include "base/thread_annotations.h"
#include "process/launcher.h"

namespace grange {
namespace {

bool has_account(uid_t uid) {
  std::array<char, 16384> buffer;
  passwd user{};
  passwd* found_user = nullptr;
  group team{};
  group* found_team = nullptr;
  return (::getpwuid_r(uid, &user, buffer.data(), buffer.size(), &found_user) == 0 &&
          found_user != nullptr) ||
         (::getgrgid_r(uid, &team, buffer.data(), buffer.size(), &found_team) == 0 &&
          found_team != nullptr);
}

/// The uids (real, effective, saved, file system) of every process on this host.
std::set<uid_t> uids_of_processes() {
  std::set<uid_t> uids;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  if (!proc) throw_errno("opening '/proc'");
  while (const dirent* entry = ::readdir(proc.get())) {
    if (!parse_number(entry->d_name)) continue;
    const std::string path = std::string("/proc/") + entry->d_name + "/status";
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> buffer;
    const auto size = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
    if (size <= 0) continue;  // it has just ended
    const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    const auto begin = text.find("\nUid:");
    if (begin == std::string_view::npos) continue;
    const auto line = text.substr(begin + 5, text.find('\n', begin + 5) - begin - 5);
    for (const auto word : split_words(line)) {
      if (const auto uid = parse_number(word)) uids.insert(static_cast<uid_t>(*uid));
    }
  }
  return uids;
}

}  // namespace

/// A uid that was found free is kept, with its lock, until the pool and all leases are gone: the
/// next step takes it without looking at every process again.
struct UidPool::State {
  /// Ids that exist in this process's user namespace: ranges of a uid_map or gid_map.
  class IdMap {
   public:
    explicit IdMap(const char* file) {
      const auto text = try_read_file(file, 1U << 20);
      if (!text) {  // a kernel without user namespaces
        ranges_.emplace_back(0, UINT32_MAX);
        return;
      }
      for (const auto line : split(*text, '\n')) {
        const auto words = split_words(line);
        if (words.size() != 3) continue;
        ranges_.emplace_back(parse_number(words[0]).value_or(0),
                             parse_number(words[2]).value_or(0));
      }
    }
    bool contains(std::uint64_t id) const {
      return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& range) {
        return id >= range.first && id - range.first < range.second;
      });
    }

   private:
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // first, count
  };

  State(std::filesystem::path where, uid_t from, unsigned how_many)
      : directory(std::move(where)),
        first(from),
        count(how_many),
        known_uids("/proc/self/uid_map"),
        known_gids("/proc/self/gid_map") {}

  const std::filesystem::path directory;
  const uid_t first;
  const unsigned count;
  const IdMap known_uids;
  const IdMap known_gids;

  Mutex mutex;
  std::set<uid_t> held GUARDED_BY(mutex);  ///< locked by this pool, leased or idle
  std::vector<std::pair<uid_t, FileDescriptor>> idle GUARDED_BY(mutex);

  bool is_known(uid_t uid) const { return known_uids.contains(uid) && known_gids.contains(uid); }

  std::optional<std::pair<uid_t, FileDescriptor>> take() REQUIRES(mutex) {
    if (!idle.empty()) {
      auto taken = std::move(idle.back());
      idle.pop_back();
      return taken;
    }
    auto busy = uids_of_processes();
    for (uid_t uid = first; uid - first < count; ++uid) {
      if (held.count(uid) > 0 || busy.count(uid) > 0) continue;
      if (!is_known(uid) || has_account(uid)) continue;
      FileDescriptor lock = open_file(directory / std::to_string(uid), O_RDWR | O_CREAT, 0600);
      if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) throw_errno("locking uid", std::to_string(uid));
        continue;
      }
      // Only what is seen with the lock held counts: before, its last owner may have started one.
      busy = uids_of_processes();
      if (busy.count(uid) > 0) continue;
      held.insert(uid);
      return std::pair(uid, std::move(lock));
    }
    return std::nullopt;
  }
};

UidPool::UidPool(std::filesystem::path directory, uid_t first, unsigned count)
    : state_(std::make_shared<State>(std::move(directory), first, count)) {
  for (uid_t uid = first; uid - first < count; ++uid) {
    if (state_->is_known(uid)) return;
  }
  throw InvalidError("no uid for builders: none from " + std::to_string(first) + " to " +
                     std::to_string(first + count - 1) +
                     " exists in this user namespace (a container maps more ids, or the range is "
                     "set to ids that it has)");
}

UidPool::~UidPool() = default;

std::unique_ptr<UidPool::Lease> UidPool::try_acquire() {
  create_directories(state_->directory, 0700);
  const MutexLock lock(state_->mutex);
  auto taken = state_->take();
  if (!taken) return nullptr;
  auto lease = std::make_unique<Lease>();
  lease->uid = taken->first;
  lease->gid = taken->first;
  lease->lock = std::move(taken->second);
  lease->pool = state_;
  return lease;
}

UidPool::Lease::~Lease() {
  if (!pool) return;
  const MutexLock guard(pool->mutex);
  try {
    pool->idle.emplace_back(uid, std::move(lock));
  } catch (const std::bad_alloc&) {  // then the uid merely stays unused
  }
}

}  // namespace grange
