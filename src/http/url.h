#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// Every byte but A-Z a-z 0-9 - . _ ~ and those of `keep` as %XX with upper-case digits (RFC 3986).
std::string percent_encode(std::string_view text, std::string_view keep = {});
/// Nothing when a % is not followed by two hex digits. A + stays a +.
std::optional<std::string> percent_decode(std::string_view text);

/// One key of a query, decoded; `?a` has no value, `?a=` an empty one.
struct QueryParameter {
  std::string key;
  std::optional<std::string> value;

  friend bool operator==(const QueryParameter&, const QueryParameter&) = default;
};

/// SCHEME://[USER[:PASSWORD]@]HOST[:PORT][/PATH][?QUERY] after RFC 3986, strictly: what it does not
/// allow must be percent-encoded, and there is no fragment, which names a part of a document
/// and nothing that could be asked for. A value; prints as it was read, but for the case of scheme
/// and host.
class Url {
 public:
  /// Longer ones are refused.
  static constexpr std::size_t kMaxLength = std::size_t{16} << 10;

  /// Throws InvalidError, which does not repeat a password.
  static Url parse(std::string_view text);

  /// Lower case.
  const std::string& scheme() const noexcept { return scheme_; }
  /// Decoded; nothing when the URL states none.
  const std::optional<std::string>& user() const noexcept { return user_; }
  const std::optional<std::string>& password() const noexcept { return password_; }
  /// Lower case, an IPv6 address without its brackets; empty only where the scheme is `file`.
  const std::string& host() const noexcept { return host_; }
  const std::optional<std::uint16_t>& port() const noexcept { return port_; }
  /// The port stated or that of http and https; 0 for other schemes.
  std::uint16_t effective_port() const noexcept;
  /// Percent-encoded: empty, or beginning with a slash.
  const std::string& path() const noexcept { return path_; }
  std::string decoded_path() const;
  /// What stands behind the ?, percent-encoded.
  const std::optional<std::string>& query_text() const noexcept { return query_; }
  /// In the order of the URL.
  std::vector<QueryParameter> query() const;
  std::optional<std::string> query_value(std::string_view key) const;

  /// HOST[:PORT] without the scheme's own port: what a Host header says.
  std::string authority() const;
  std::string to_string() const;
  /// For messages: without user, password and query, which may hold secrets.
  std::string shown() const;
  /// Same scheme, host and port.
  bool same_origin(const Url& other) const;

  Url without_user_info() const;
  /// `path` is percent-encoded and begins with a slash, or is empty (InvalidError).
  Url with_path(std::string_view path) const;
  /// One slash and then `path`, which is not encoded yet; its slashes stay.
  Url append_path(std::string_view path) const;
  Url with_query(const std::vector<QueryParameter>& query) const;
  Url add_query(std::string_view key, std::string_view value) const;

  /// The URL that `reference` means here (RFC 3986 §5.2), for example from a Location header. Bytes
  /// that should have been encoded are; a fragment is dropped. Throws InvalidError.
  Url resolve(std::string_view reference) const;

  friend bool operator==(const Url&, const Url&) = default;

 private:
  Url() = default;
  void parse_authority(std::string_view text);

  std::string scheme_;
  std::optional<std::string> user_;
  std::optional<std::string> password_;
  std::string host_;
  bool bracketed_ = false;
  std::optional<std::uint16_t> port_;
  std::string path_;
  std::optional<std::string> query_;
};

}  // namespace grange
