#include "derivation/content_address.h"

#include <utility>

#include "base/error.h"

namespace grange {
namespace {

struct Prefix {
  ContentMethod method;
  std::string_view text;
};
constexpr Prefix kPrefixes[] = {
    {ContentMethod::recursive, "r:"}, {ContentMethod::text, "text:"}, {ContentMethod::git, "git:"}};

std::string_view prefix_of(ContentMethod method) noexcept {
  for (const auto& prefix : kPrefixes) {
    if (prefix.method == method) return prefix.text;
  }
  return {};
}

/// Some methods are only defined for some algorithms.
void check_combination(ContentMethod method, HashAlgorithm algorithm, std::string_view text) {
  const bool fits = method == ContentMethod::text ? algorithm == HashAlgorithm::sha256
                    : method == ContentMethod::git
                        ? algorithm == HashAlgorithm::sha1 || algorithm == HashAlgorithm::sha256
                        : true;
  if (!fits) {
    throw InvalidError("content address '" + std::string(text) + "': method " +
                       std::string(to_string(method)) + " does not go with " +
                       std::string(to_string(algorithm)));
  }
}

std::string fixed_inner_text(const ContentAddress& address) {
  return "fixed:out:" + std::string(prefix_of(address.method)) +
         address.hash.to_string(HashFormat::base16) + ":";
}

std::string with_references(std::string type, const StoreDir& store, const References& references) {
  for (const auto& path : references.others) type.append(1, ':').append(store.print(path));
  if (references.self) type += ":self";
  return type;
}

Sha256 to_sha256(const Hash& hash) {
  Sha256 bytes{};
  std::copy(hash.bytes().begin(), hash.bytes().end(), bytes.begin());
  return bytes;
}

}  // namespace

std::string_view to_string(ContentMethod method) noexcept {
  switch (method) {
    case ContentMethod::flat:
      return "flat";
    case ContentMethod::recursive:
      return "recursive";
    case ContentMethod::text:
      return "text";
    case ContentMethod::git:
      return "git";
  }
  return "flat";
}

ContentMethodAlgorithm ContentMethodAlgorithm::parse(std::string_view text) {
  auto method = ContentMethod::flat;
  auto rest = text;
  for (const auto& prefix : kPrefixes) {
    if (!rest.starts_with(prefix.text)) continue;
    method = prefix.method;
    rest.remove_prefix(prefix.text.size());
    break;
  }
  const auto algorithm = parse_hash_algorithm(rest);
  if (!algorithm) throw InvalidError("unknown hash algorithm '" + std::string(text) + "'");
  check_combination(method, *algorithm, text);
  return {method, *algorithm};
}

std::string ContentMethodAlgorithm::to_string() const {
  return std::string(prefix_of(method)).append(grange::to_string(algorithm));
}

ContentAddress ContentAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    throw InvalidError("content address '" + std::string(text) + "' has no digest");
  }
  auto promise_text = text.substr(0, colon);
  if (promise_text.starts_with("fixed:")) {
    promise_text.remove_prefix(6);
    if (promise_text.starts_with("text:")) {
      throw InvalidError("content address '" + std::string(text) + "' mixes fixed and text");
    }
  } else if (!promise_text.starts_with("text:")) {
    throw InvalidError("content address '" + std::string(text) +
                       "' begins neither with 'fixed:' nor with 'text:'");
  }
  const auto promise = ContentMethodAlgorithm::parse(promise_text);
  return {promise.method, Hash::parse(text.substr(colon + 1), promise.algorithm)};
}

std::string ContentAddress::to_string() const {
  const std::string_view kind = method == ContentMethod::text ? "" : "fixed:";
  return std::string(kind).append(prefix_of(method)).append(hash.to_string(HashFormat::nix32));
}

StorePath make_store_path(const StoreDir& store, std::string_view type, const Sha256& inner,
                          std::string_view name) {
  std::string fingerprint;
  fingerprint.reserve(type.size() + 8 + 64 + 1 + store.str().size() + 1 + name.size());
  fingerprint.append(type).append(":sha256:").append(base16_encode(inner)).append(1, ':');
  fingerprint.append(store.str()).append(1, ':').append(name);
  return StorePath::make(as_text(fold_hash(sha256(fingerprint))), name);
}

StorePath make_content_addressed_path(const StoreDir& store, std::string_view name,
                                      const ContentAddress& address, const References& references) {
  check_combination(address.method, address.hash.algorithm(), address.to_string());
  const bool sha256_digest = address.hash.algorithm() == HashAlgorithm::sha256;
  if (address.method == ContentMethod::text) {
    if (references.self) {
      throw InvalidError("text file '" + std::string(name) + "' cannot refer to itself");
    }
    return make_store_path(store, with_references("text", store, references),
                           to_sha256(address.hash), name);
  }
  if (address.method == ContentMethod::recursive && sha256_digest) {
    return make_store_path(store, with_references("source", store, references),
                           to_sha256(address.hash), name);
  }
  if (!references.others.empty() || references.self) {
    throw InvalidError(
        "'" + std::string(name) + "', addressed by " +
        ContentMethodAlgorithm{address.method, address.hash.algorithm()}.to_string() +
        ", cannot have references");
  }
  return make_store_path(store, "output:out", sha256(fixed_inner_text(address)), name);
}

StorePath make_text_path(const StoreDir& store, std::string_view name, std::string_view content,
                         const std::set<StorePath>& references) {
  return make_content_addressed_path(
      store, name, {ContentMethod::text, hash_bytes(HashAlgorithm::sha256, content)},
      {references, false});
}

StorePath make_output_path(const StoreDir& store, const Sha256& hash_modulo,
                           std::string_view output_name, std::string_view derivation_name) {
  return make_store_path(store, "output:" + std::string(output_name), hash_modulo,
                         output_path_name(derivation_name, output_name));
}

std::string output_path_name(std::string_view derivation_name, std::string_view output_name) {
  std::string name(derivation_name);
  if (output_name != "out") name.append(1, '-').append(output_name);
  return name;
}

}  // namespace grange
