#pragma once

#include <mutex>

/// Names the lock that guards a member; clang's -Wthread-safety holds the code to it.
#if defined(__clang__)
#define GRANGE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define GRANGE_THREAD_ATTRIBUTE(x)
#endif
#define GUARDED_BY(x) GRANGE_THREAD_ATTRIBUTE(guarded_by(x))
#define REQUIRES(...) GRANGE_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) GRANGE_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))

namespace grange {

/// std::mutex that clang's analysis knows. Wait on it with std::condition_variable_any.
class GRANGE_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() GRANGE_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() GRANGE_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  bool try_lock() GRANGE_THREAD_ATTRIBUTE(try_acquire_capability(true)) {
    return mutex_.try_lock();
  }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class GRANGE_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) GRANGE_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() GRANGE_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace grange
