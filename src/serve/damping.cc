#include "serve/damping.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "base/encoding.h"

namespace grange {
namespace {

/// Longer keys are cut off: no account has such a name.
constexpr std::size_t kLongestKey = 200;

std::string_view damping_key(std::string_view key) {
  return key.substr(0, kLongestKey);
}

}  // namespace

std::chrono::seconds Damping::delay(std::string_view key, MonotonicTime now) const {
  const auto found = by_key_.find(damping_key(key));
  if (found == by_key_.end() || found->second->free_at <= now) return std::chrono::seconds(0);
  return std::chrono::ceil<std::chrono::seconds>(found->second->free_at - now);
}

void Damping::failed(std::string_view key, MonotonicTime now) {
  key = damping_key(key);
  while (!by_time_.empty() && by_time_.front().last + options_.forgotten <= now) {
    erase(by_time_.begin());
  }
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (options_.most == 0) return;
    if (by_key_.size() >= options_.most) erase(by_time_.begin());
    by_time_.push_back({std::string(key), 0, now, now});
    found = by_key_.emplace(std::string(key), std::prev(by_time_.end())).first;
  } else {
    by_time_.splice(by_time_.end(), by_time_, found->second);
  }
  Failures& failures = *found->second;
  failures.last = now;
  if (++failures.count <= options_.free) return;
  auto wait = options_.first;
  for (unsigned i = options_.free + 1; i < failures.count && wait < options_.longest; ++i) {
    wait *= 2;
  }
  failures.free_at = now + std::min(wait, options_.longest);
}

void Damping::clear(std::string_view key) {
  if (const auto found = by_key_.find(damping_key(key)); found != by_key_.end())
    erase(found->second);
}

void Damping::take_back(std::string_view key) {
  const auto found = by_key_.find(damping_key(key));
  if (found == by_key_.end()) return;
  Failures& failures = *found->second;
  if (--failures.count == 0) {
    erase(found->second);
  } else {
    failures.free_at = failures.last;
  }
}

void Damping::erase(Position position) {
  by_key_.erase(position->key);
  by_time_.erase(position);
}

std::optional<std::chrono::seconds> SignInDamping::begin(std::string_view name,
                                                         std::string_view address,
                                                         MonotonicTime now) {
  const MutexLock lock(mutex_);
  const auto wait = std::max(names_.delay(name, now), addresses_.delay(address, now));
  if (wait > std::chrono::seconds(0)) return wait;
  names_.failed(name, now);
  addresses_.failed(address, now);
  return std::nullopt;
}

void SignInDamping::succeeded(std::string_view name, std::string_view address) {
  const MutexLock lock(mutex_);
  names_.clear(name);
  addresses_.take_back(address);
}

void SignInDamping::withdraw(std::string_view name, std::string_view address) {
  const MutexLock lock(mutex_);
  names_.take_back(name);
  addresses_.take_back(address);
}

std::string damping_address(std::string_view remote) {
  std::string_view host = remote;
  if (host.starts_with('[')) {
    host = host.substr(1, std::min(host.find(']'), host.size()) - 1);
  } else if (std::count(host.begin(), host.end(), ':') == 1) {
    host = host.substr(0, host.find(':'));
  }
  host = host.substr(0, host.find('%'));
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, std::string(host).c_str(), bytes.data()) != 1) return std::string(host);
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, bytes.data() + kMapped.size(), text.data(), text.size());
    return text.data();
  }
  return base16_encode(ByteView(bytes.data(), 8)) + "/64";
}

}  // namespace grange
