#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "http/sigv4.h"

namespace grange {
namespace {

constexpr const char* kOraclePython = "/usr/bin/python3";
constexpr TimePoint kOracleTime{std::chrono::seconds{1709251198}};  // 2024-02-29T23:59:58Z
constexpr int kOracleRequests = 400;

class RequestMaker {
 public:
  nlohmann::json make() {
    const bool s3 = pick(4) != 0;
    auto url =
        Url::parse(pick(2) == 0 ? "https://bucket.s3.example.com/" : "http://localhost:9000/");
    for (auto n = s3 ? pick(3) : 0; n > 0; --n) url = url.append_path(text(false));
    if (!s3) url = url.append_path("service/" + std::to_string(pick(9)));
    const auto presigned = with_query(url, true);
    nlohmann::json headers = nlohmann::json::array();
    const char* names[] = {"Range", "X-Amz-Meta-Zeta", "content-type", "X-Amz-Acl", "User-Agent"};
    for (const auto* name : names) {
      if (pick(3) == 0) headers.push_back({name, "a  b\t" + std::to_string(pick(100))});
    }
    const char* methods[] = {"GET", "PUT", "HEAD", "DELETE", "POST"};
    return {{"method", methods[pick(5)]},
            {"url", with_query(url, false).to_string()},
            {"presigned_url", presigned.to_string()},
            {"headers", headers},
            {"body", pick(2) == 0 ? "" : text(true)},
            {"token", pick(2) == 0 ? "" : "token/+=" + std::to_string(pick(1000))},
            {"service", s3 ? "s3" : "execute-api"}};
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }

  std::string text(bool may_be_empty) {
    const char* pieces[] = {"a",  "Z",  "0", "-",   ".x", "_",  "~",        " ",
                            "+",  "=",  "%", "%2F", "&",  "/b", "\xc3\xa4", "\xe2\x82\xac",
                            "'",  "\"", "(", ")",   "*",  "!",  "@",        ":",
                            ",",  ";",  "$", "?",   "#",  "<",  "[",        "|",
                            "\\", "^",  "`"};
    std::string made = may_be_empty ? "" : "k";
    for (auto n = pick(8); n > 0; --n) made += pieces[pick(std::size(pieces))];
    return made;
  }

  /// The presigner of botocore takes each key once.
  Url with_query(Url url, bool unique) {
    if (pick(3) == 0) return url;
    std::map<std::string, int> seen;
    std::vector<QueryParameter> query;
    for (auto n = pick(6); n > 0; --n) {
      auto key = text(false);
      if (seen[key]++ > 0 && unique) continue;
      query.push_back({key, text(true)});
      if (!unique && pick(5) == 0) query.push_back({key, text(true)});
      if (!unique && pick(5) == 0) query.push_back({"no-value", std::nullopt});
    }
    return url.with_query(query);
  }

  std::minstd_rand random_{20240229};
};

TEST(SigV4OracleTest, SignsAsBotocoreDoes) {
  const std::string python = kOraclePython;
  if (std::system((python + " -c 'import botocore.auth' 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "Debian's python3-botocore is not installed";
  }
  RequestMaker maker;
  auto requests = nlohmann::json::array();
  for (int i = 0; i < kOracleRequests; ++i) requests.push_back(maker.make());
  TemporaryDirectory directory;
  const auto in = directory.path() / "in";
  const auto out = directory.path() / "out";
  write_file(in, requests.dump());
  ASSERT_EQ(std::system((python + " " GRANGE_SOURCE_DIR "/src/http/sigv4_oracle.py <" +
                         in.string() + " >" + out.string())
                            .c_str()),
            0);
  const auto answers = nlohmann::json::parse(read_file(out));
  ASSERT_EQ(answers.size(), requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& made = requests[i];
    const AwsKeys keys{"AKID/+=", "secret/+=", made["token"], {}};
    SigV4Request request{made["method"],
                         Url::parse(made["url"].get<std::string>()),
                         {},
                         payload_hash(made["body"].get<std::string>())};
    for (const auto& header : made["headers"]) {
      request.headers.add(header[0].get<std::string>(), header[1].get<std::string>());
    }
    const auto headers = sign_v4(request, keys, {"eu-west-1", made["service"]}, kOracleTime);
    EXPECT_EQ(headers.get("Authorization"), answers[i][0].get<std::string>()) << made;
    const SigV4Request plain{made["method"],
                             Url::parse(made["presigned_url"].get<std::string>()),
                             {},
                             std::string(kUnsignedPayload)};
    const auto url =
        presign_v4(plain, keys, {"eu-west-1", "s3"}, kOracleTime, std::chrono::minutes(15));
    EXPECT_EQ(url.query_value("X-Amz-Signature"),
              Url::parse(answers[i][1].get<std::string>()).query_value("X-Amz-Signature"))
        << made;
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace grange
