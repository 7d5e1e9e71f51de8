#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"

namespace grange {

/// Both ends of a connection that keeps message borders and can carry descriptors.
std::pair<FileDescriptor, FileDescriptor> make_packet_pair();

/// Sends one message, not empty and at most kPacketLimit bytes, with descriptors of ours that the
/// other side gets copies of. False when the other side is gone.
bool send_packet(int socket, std::string_view data, const std::vector<int>& descriptors = {});

/// How many descriptors one message carries at most: the kernel's SCM_MAX_FD.
constexpr std::size_t kDescriptorLimit = 253;

constexpr std::size_t kPacketLimit = 8192;

struct Packet {
  enum class State {
    received,
    nothing,  ///< no message is there yet (only without `wait`)
    closed,   ///< the other side is gone
  };
  State state = State::nothing;
  std::string data;
  std::vector<FileDescriptor> descriptors;
};

/// Throws CorruptError for a message that is longer than any that we send.
Packet receive_packet(int socket, bool wait);

}  // namespace grange
