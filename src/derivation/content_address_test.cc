#include "derivation/content_address.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

ContentAddress address_of(ContentMethod method, HashAlgorithm algorithm, std::string_view content) {
  return {method, hash_bytes(algorithm, content)};
}

/// The NAR of a plain file with five bytes, nix-store.md §2.4.
std::string nar_of_hello() {
  std::string nar;
  const auto text = [&](std::string_view piece) {
    nar += static_cast<char>(piece.size());
    nar.append(7, '\0').append(piece).append((8 - piece.size() % 8) % 8, '\0');
  };
  for (const char* piece : {"nix-archive-1", "(", "type", "regular", "contents", "hello", ")"}) {
    text(piece);
  }
  return nar;
}

// The tables of nix-store.md §1.4 and §1.4.1, printed by Nix 2.8.
TEST(ContentAddressedPath, AgreesWithNix) {
  const auto nix = StoreDir::nix();
  const auto gnu = StoreDir::parse("/gnu/store");
  const auto recursive =
      address_of(ContentMethod::recursive, HashAlgorithm::sha256, nar_of_hello());
  const auto flat = [](HashAlgorithm algorithm) {
    return address_of(ContentMethod::flat, algorithm, "hello");
  };
  const auto hash_part = [](const StoreDir& store, const ContentAddress& address) {
    return std::string(make_content_addressed_path(store, "f.txt", address).hash_part());
  };
  EXPECT_EQ(hash_part(nix, recursive), "nhbkbjb42fmcsbd97h5mqx8nya2bks1c");
  EXPECT_EQ(hash_part(gnu, recursive), "gx5nd7nsb008m6zci0dpmagznrrw2a4j");
  EXPECT_EQ(hash_part(nix, flat(HashAlgorithm::sha256)), "h3l41b48w4vk3d4g7q5raj8fgyn0vqix");
  EXPECT_EQ(hash_part(gnu, flat(HashAlgorithm::sha256)), "m5jdyc90lbyk3xa61m7xmchy898hdh6j");
  EXPECT_EQ(hash_part(nix, flat(HashAlgorithm::sha1)), "zl6lhdglxd6wvp4ifrlhl4mf0r9mpkgx");
  EXPECT_EQ(hash_part(nix, flat(HashAlgorithm::md5)), "v4vxa6iwzjkf4g4imjpx2vyh4b2iz117");
  EXPECT_EQ(hash_part(nix, flat(HashAlgorithm::sha512)), "rcpz4q3wbyq3jmrdbzwf7z22s13xqzsc");
}

TEST(TextPath, AgreesWithNix) {
  const auto nix = StoreDir::nix();
  const auto note = make_text_path(nix, "note.txt", "hello", {});
  EXPECT_EQ(note.base_name(), "3gjb3d7fa9216759xxxkqjy21a0a9a3g-note.txt");
  EXPECT_EQ(make_text_path(nix, "two.txt", "see " + nix.print(note) + "\n", {note}).base_name(),
            "plsj2dn99l7knm18flh0i6hp6mslz7d4-two.txt");
  EXPECT_EQ(make_text_path(StoreDir::parse("/gnu/store"), "note.txt", "hello", {}).base_name(),
            "dynxl86ln7rpl903lzp6s8q9dwb87006-note.txt");
}

TEST(ContentAddressedPath, SelfReferenceIsAFlag) {
  const ContentAddress address{
      ContentMethod::recursive,
      Hash::parse("1z810vzs213xx279mxxxl9pfbs1871qz626wcpz40kpk0x0q9ha4", HashAlgorithm::sha256)};
  const auto path = make_content_addressed_path(StoreDir::nix(), "selfref", address, {{}, true});
  EXPECT_EQ(path.base_name(), "gvai4vq73asdc2g9d05ychpy6afzrk5a-selfref");
}

TEST(ContentAddressedPath, RefusesReferencesWhereTheKindAllowsNone) {
  const auto nix = StoreDir::nix();
  const auto note = make_text_path(nix, "note.txt", "hello", {});
  const auto flat = address_of(ContentMethod::flat, HashAlgorithm::sha256, "x");
  const auto text = address_of(ContentMethod::text, HashAlgorithm::sha256, "x");
  EXPECT_THROW(make_content_addressed_path(nix, "x", flat, {{note}, false}), InvalidError);
  EXPECT_THROW(make_content_addressed_path(nix, "x", flat, {{}, true}), InvalidError);
  EXPECT_THROW(make_content_addressed_path(nix, "x", text, {{}, true}), InvalidError);
  EXPECT_NO_THROW(make_content_addressed_path(nix, "x", text, {{note}, false}));
}

TEST(ContentMethodAlgorithm, RoundTripsItsText) {
  for (const char* text : {"md5", "sha1", "sha256", "sha512", "r:sha256", "r:md5", "text:sha256",
                           "git:sha1", "git:sha256"}) {
    EXPECT_EQ(ContentMethodAlgorithm::parse(text).to_string(), text);
  }
  for (const char* bad : {"", "r:", "sha3-256", "text:sha1", "git:md5", "r:r:sha256", "SHA256"}) {
    EXPECT_THROW(ContentMethodAlgorithm::parse(bad), InvalidError) << bad;
  }
}

TEST(ContentAddress, RoundTripsItsText) {
  const std::string digits = "094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic";
  for (const char* prefix :
       {"text:sha256:", "fixed:sha256:", "fixed:r:sha256:", "fixed:git:sha256:"}) {
    EXPECT_EQ(ContentAddress::parse(prefix + digits).to_string(), prefix + digits);
  }
  for (const char* prefix : {"", "sha256:", "fixed:", "fixed:text:sha256:", "text:sha1:",
                             "fixed:sha1:", "other:sha256:"}) {
    EXPECT_THROW(ContentAddress::parse(prefix + digits), InvalidError) << prefix;
  }
}

TEST(OutputPathName, AddsTheOutputUnlessItIsOut) {
  EXPECT_EQ(output_path_name("hello", "out"), "hello");
  EXPECT_EQ(output_path_name("hello", "dev"), "hello-dev");
}

}  // namespace
}  // namespace grange
