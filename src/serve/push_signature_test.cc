#include "serve/push_signature.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

constexpr std::string_view kPushSecret = "It's a Secret to Everybody";
constexpr std::string_view kPushBody = "Hello, World!";
/// GitHub's own example of the two.
constexpr std::string_view kPushDigest =
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

ServerRequest push_request(std::string_view field, std::string_view value) {
  ServerRequest request;
  request.method = RequestMethod::post;
  request.headers.add(field, value);
  return request;
}

std::vector<WebhookSecret> push_secrets() {
  return {{1, "github", "another"}, {2, "github", std::string(kPushSecret)}, {3, "gitea", "third"}};
}

TEST(PushSignature, IsTheOneOfTheForgesDocumentation) {
  EXPECT_EQ(push_signature(kPushSecret, kPushBody), kPushDigest);
  EXPECT_EQ(push_signature("", "").size(), 64U);
}

TEST(PushSignature, AnyOfAForgesSecretsSigns) {
  const auto signature = push_signature(kPushSecret, kPushBody);
  const auto secrets = push_secrets();
  EXPECT_TRUE(is_signed_push("github", push_request("X-Hub-Signature-256", "sha256=" + signature),
                             kPushBody, secrets));
  EXPECT_TRUE(is_signed_push(
      "github",
      push_request("X-Hub-Signature-256", "sha256=" + push_signature("another", kPushBody)),
      kPushBody, secrets));
  EXPECT_TRUE(is_signed_push("gitea",
                             push_request("X-Gitea-Signature", push_signature("third", kPushBody)),
                             kPushBody, secrets));
}

TEST(PushSignature, WhatIsMissingOrWrongIsRefused) {
  const auto signature = push_signature(kPushSecret, kPushBody);
  const auto secrets = push_secrets();
  const auto github = [&](std::string_view value, std::string_view body = kPushBody) {
    return is_signed_push("github", push_request("X-Hub-Signature-256", value), body, secrets);
  };
  EXPECT_TRUE(github("sha256=" + signature));
  EXPECT_FALSE(github(""));
  EXPECT_FALSE(github("sha256="));
  EXPECT_FALSE(github(signature));
  EXPECT_FALSE(github("sha1=" + signature));
  EXPECT_FALSE(github("sha256=" + signature + "0"));
  EXPECT_FALSE(github("sha256=" + signature.substr(0, 63)));
  EXPECT_FALSE(github("sha256=" + signature, "Hello, World"));
  // A secret is its forge's alone.
  EXPECT_FALSE(github("sha256=" + push_signature("third", kPushBody)));
  EXPECT_FALSE(is_signed_push("github", ServerRequest(), kPushBody, secrets));
  EXPECT_FALSE(is_signed_push("gitea", push_request("X-Hub-Signature-256", "sha256=" + signature),
                              kPushBody, secrets));
  // Nobody has a secret, or an empty one.
  const auto request = push_request("X-Gitea-Signature", push_signature("", kPushBody));
  EXPECT_FALSE(is_signed_push("gitea", request, kPushBody, {}));
  const std::vector<WebhookSecret> empty{{1, "gitea", ""}};
  EXPECT_FALSE(is_signed_push("gitea", request, kPushBody, empty));
}

TEST(RepositoryKey, IsOneForAllWaysToWriteARepository) {
  for (const char* uri :
       {"https://github.com/owner/repo", "https://github.com/owner/repo.git",
        "https://GitHub.com/owner/repo.git/", "http://user:password@github.com/owner/repo",
        "ssh://git@github.com:22/owner/repo.git", "git@github.com:owner/repo.git",
        "git://github.com/owner/repo.git", " github.com:owner/repo ",
        "https://github.com:443/owner/repo?x=1"}) {
    EXPECT_EQ(repository_key(uri), "github.com/owner/repo") << uri;
  }
  EXPECT_NE(repository_key("https://github.com/Owner/repo"),
            repository_key("https://github.com/owner/repo"));
  EXPECT_NE(repository_key("https://github.com/owner/repo2"),
            repository_key("https://github.com/owner/repo"));
  EXPECT_NE(repository_key("https://evil.example/github.com/owner/repo"),
            repository_key("https://github.com/owner/repo"));
  EXPECT_EQ(repository_key("https://[::1]:8080/a.git"), "[::1]/a");
  EXPECT_EQ(repository_key("file:///srv/a.git"), repository_key("/srv/a"));
  EXPECT_FALSE(repository_key(""));
  EXPECT_FALSE(repository_key("word"));
  EXPECT_FALSE(repository_key("https://"));
  EXPECT_FALSE(repository_key("https:///owner/repo"));
  EXPECT_FALSE(repository_key(":a"));
}

}  // namespace
}  // namespace grange
