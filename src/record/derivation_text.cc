#include "record/derivation_text.h"

#include <unordered_map>

#include "base/error.h"
#include "derivation/content_address.h"
#include "derivation/store_path.h"

namespace grange {
namespace {

constexpr char kAbbreviation = '\1';
constexpr std::size_t kDigestLength = 20;

/// Where the next base name may begin: behind a slash.
bool looks_like_base_name(std::string_view text, std::size_t at) {
  return at > 0 && text[at - 1] == '/' && at + StorePath::kHashLength < text.size() &&
         text[at + StorePath::kHashLength] == '-';
}

}  // namespace

std::string abbreviate_derivation(std::string_view text, std::span<const std::string> names) {
  std::unordered_map<std::string_view, std::size_t> numbers;
  for (std::size_t i = 0; i < names.size(); ++i) {
    numbers.emplace(std::string_view(names[i]).substr(0, StorePath::kHashLength), i);
  }
  std::string brief;
  brief.reserve(text.size());
  std::size_t copied = 0;
  const auto copy_until = [&](std::size_t end) { brief.append(text, copied, end - copied); };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == kAbbreviation) {
      copy_until(at + 1);
      brief.push_back('\0');
      copied = at + 1;
    } else if (looks_like_base_name(text, at)) {
      const auto found = numbers.find(text.substr(at, StorePath::kHashLength));
      if (found == numbers.end() || !text.substr(at).starts_with(names[found->second])) continue;
      copy_until(at);
      brief.push_back(kAbbreviation);
      put_number(brief, found->second + 1);
      at += names[found->second].size() - 1;
      copied = at + 1;
    }
  }
  copy_until(text.size());
  return brief;
}

std::string expand_derivation(std::string_view brief, std::span<const std::string> names,
                              std::uint64_t limit) {
  std::string text;
  text.reserve(2 * brief.size());
  for (std::size_t at = 0; at < brief.size();) {
    const auto next = std::min(brief.find(kAbbreviation, at), brief.size());
    text.append(brief, at, next - at);
    at = next;
    if (at < brief.size()) {
      const auto number = take_number(brief, ++at);
      if (number > names.size()) {
        throw CorruptError("a recorded derivation names path " + std::to_string(number) + " of " +
                           std::to_string(names.size()));
      }
      if (number == 0) {
        text.push_back(kAbbreviation);
      } else {
        text.append(names[number - 1]);
      }
    }
    if (text.size() > limit) {
      throw CorruptError("a recorded derivation is larger than " + std::to_string(limit) +
                         " bytes");
    }
  }
  return text;
}

void put_number(std::string& to, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) to.push_back(static_cast<char>(0x80 | (number & 0x7f)));
  to.push_back(static_cast<char>(number));
}

std::uint64_t take_number(std::string_view bytes, std::size_t& at) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; at < bytes.size() && shift < 63; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes[at++]);
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return number;
  }
  throw CorruptError("a recorded derivation ends in the middle of a number");
}

std::string pack_outputs(std::span<const KnownOutputDigest> outputs) {
  std::string packed;
  for (const auto& output : outputs) {
    put_number(packed, output.output.size());
    packed += output.output;
    packed += output.digest;
  }
  return packed;
}

std::vector<std::string> unpack_output_names(std::string_view packed,
                                             std::string_view derivation_name) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < packed.size();) {
    const auto length = take_number(packed, at);
    if (length > packed.size() - at || packed.size() - at - length < kDigestLength) {
      throw CorruptError("the recorded outputs of '" + std::string(derivation_name) +
                         "' are truncated");
    }
    const auto output = packed.substr(at, length);
    const auto digest = packed.substr(at + length, kDigestLength);
    at += length + kDigestLength;
    try {
      names.push_back(
          StorePath::make(digest, output_path_name(derivation_name, output)).base_name());
    } catch (const InvalidError& error) {
      throw CorruptError("the recorded outputs of '" + std::string(derivation_name) +
                         "': " + error.what());
    }
  }
  return names;
}

}  // namespace grange
