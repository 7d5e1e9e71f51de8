#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// User names and passwords by host, as in ~/.netrc of ftp(1): `machine NAME login USER password
/// PASSWORD`, or `default` in the place of the first two. `account` and macros are passed over; a
/// word may stand in double quotes, with \ before what is meant literally, as curl reads it.
class Netrc {
 public:
  struct Entry {
    std::string machine;  ///< empty: the default
    std::string login;
    std::string password;
  };

  Netrc() = default;
  /// Throws InvalidError. Lines that begin with # are comments.
  static Netrc parse(std::string_view text);

  /// The first entry of this host (compared without regard to case), else the default.
  const Entry* find(std::string_view host) const;
  /// Without the default.
  const Entry* find_named(std::string_view host) const;
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace grange
