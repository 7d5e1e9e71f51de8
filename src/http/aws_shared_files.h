#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "http/aws_keys.h"

namespace grange {

/// The settings of each profile, as the files ~/.aws/credentials and ~/.aws/config of the AWS tools
/// hold them. Keys are lower case.
class AwsSharedFile {
 public:
  using Settings = std::map<std::string, std::string, std::less<>>;
  enum class Kind {
    credentials,  ///< [NAME]
    config        ///< [profile NAME], and [default]; other sections are passed over
  };

  AwsSharedFile() = default;
  /// Lines `KEY = VALUE` below `[SECTION]`; # and ; begin comments, on a line of their own or
  /// behind white space. Indented lines belong to nested settings and are passed over. Of a profile
  /// that stands twice, later settings count. Throws InvalidError, which repeats no value.
  static AwsSharedFile parse(std::string_view text, Kind kind);

  const Settings* find(std::string_view profile) const;
  const std::map<std::string, Settings, std::less<>>& profiles() const { return profiles_; }

 private:
  std::map<std::string, Settings, std::less<>> profiles_;
};

/// The keys that these settings hold. Throws InvalidError for half a pair.
std::optional<AwsKeys> keys_of(const AwsSharedFile::Settings& settings);

}  // namespace grange
