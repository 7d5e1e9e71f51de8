#include "http/aws_credentials.h"

#include <atomic>
#include <chrono>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "http/aws_instance_metadata.h"
#include "http/http_client_test_server.h"

namespace grange {
namespace {

TEST(AwsSharedFileTest, ReadsProfiles) {
  const auto file = AwsSharedFile::parse(
      "# comment\n; another\n[default]\r\nAWS_Access_Key_Id = A # behind\n"
      "aws_secret_access_key=S#=;/+\n\n[ two ]\ns3 =\n  addressing_style = path\nregion = x\n"
      "[two]\nregion = y\n",
      AwsSharedFile::Kind::credentials);
  EXPECT_EQ(file.find("default")->at("aws_access_key_id"), "A");
  EXPECT_EQ(file.find("default")->at("aws_secret_access_key"), "S#=;/+");
  EXPECT_EQ(file.find("two")->at("region"), "y");
  EXPECT_EQ(file.find("two")->size(), 2U);
  EXPECT_EQ(file.find("three"), nullptr);
}

TEST(AwsSharedFileTest, ReadsProfilesOfConfig) {
  const auto file = AwsSharedFile::parse(
      "[default]\nregion = a\n[profile one]\nregion = b\n[profile \"two words\"]\nregion = c\n"
      "[sso-session x]\nregion = d\n[profiles]\nregion = e\n",
      AwsSharedFile::Kind::config);
  EXPECT_EQ(file.profiles().size(), 3U);
  EXPECT_EQ(file.find("one")->at("region"), "b");
  EXPECT_EQ(file.find("two words")->at("region"), "c");
}

TEST(AwsSharedFileTest, RefusesOtherTexts) {
  for (const auto* text : {"a = b", "[a\n", "[a]\nb\n"}) {
    EXPECT_THROW(AwsSharedFile::parse(text, AwsSharedFile::Kind::credentials), InvalidError)
        << text;
  }
  EXPECT_THROW(keys_of({{"aws_access_key_id", "A"}}), InvalidError);
  EXPECT_THROW(keys_of({{"aws_secret_access_key", "A"}}), InvalidError);
  EXPECT_FALSE(keys_of({{"region", "A"}}));
}

/// A metadata service that knows one role.
class MetadataService {
 public:
  LoopbackServer server{
      [this](const LoopbackRequest& request, LoopbackReply& reply) { answer(request, reply); }};
  std::atomic<int> given{0};
  std::atomic<bool> broken{false};

 private:
  void answer(const LoopbackRequest& request, LoopbackReply& reply) {
    const std::string roles = "/latest/meta-data/iam/security-credentials/";
    if (broken) return reply.send_all(404, "", "");
    if (request.method == "PUT" && request.target == "/latest/api/token" &&
        request.headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "21600") {
      return reply.send_all(200, "", "TOKEN");
    }
    if (request.headers.get("X-aws-ec2-metadata-token") != "TOKEN") {
      return reply.send_all(401, "", "");
    }
    if (request.target == roles) return reply.send_all(200, "", "role\n");
    if (request.target != roles + "role") return reply.send_all(404, "", "");
    reply.send_all(
        200, "",
        R"({"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"I)" + std::to_string(++given) +
            R"(","SecretAccessKey":"S","Token":"T","Expiration":"1970-01-01T06:00:00Z"})");
  }
};

/// What people call the time is the test's; deadlines are the machine's, as the client's are.
class CalendarClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(elapsed_); }
  MonotonicTime monotonic() const override { return std::chrono::steady_clock::now(); }
  void advance(std::chrono::minutes step) { elapsed_ += step; }

 private:
  TimePoint::duration elapsed_{};
};

class AwsCredentialsTest : public testing::Test {
 protected:
  AwsCredentialsTest() {
    settings_.environment = {{"HOME", home_.path().string()},
                             {"AWS_EC2_METADATA_DISABLED", "true"}};
    std::filesystem::create_directories(home_.path() / ".aws");
  }
  void write(const char* name, std::string_view text) { write_file(home_.path() / name, text); }
  std::string id() { return AwsCredentials(settings_, client_, time_).keys().access_key_id; }

  TemporaryDirectory home_;
  SystemClock clock_;
  CalendarClock time_;
  HttpClient client_{loopback_options(), clock_};
  AwsSettings settings_;
};

TEST_F(AwsCredentialsTest, LooksInOrder) {
  EXPECT_THROW(id(), NotFoundError);
  write(".aws/config",
        "[default]\naws_access_key_id = C\naws_secret_access_key = S\nregion = r\n"
        "[profile p]\naws_access_key_id = P\naws_secret_access_key = S\n");
  EXPECT_EQ(id(), "C");
  write(".aws/credentials", "[default]\naws_access_key_id = D\naws_secret_access_key = S\n");
  EXPECT_EQ(id(), "D");
  settings_.environment["AWS_PROFILE"] = "p";
  EXPECT_EQ(id(), "P");
  settings_.environment["AWS_PROFILE"] = "none";
  EXPECT_THROW(id(), NotFoundError);
  settings_.environment["AWS_ACCESS_KEY_ID"] = "E";
  EXPECT_THROW(id(), InvalidError);
  settings_.environment["AWS_SECRET_ACCESS_KEY"] = "S";
  settings_.environment["AWS_SESSION_TOKEN"] = "T";
  EXPECT_EQ(id(), "E");
  EXPECT_EQ(AwsCredentials(settings_, client_, time_).keys().session_token, "T");
  settings_.profile = "p";
  EXPECT_EQ(id(), "P");
  settings_.keys = AwsKeys{"X", "S", "", {}};
  EXPECT_EQ(id(), "X");
}

TEST_F(AwsCredentialsTest, ReadsFilesElsewhere) {
  write("a", "[default]\naws_access_key_id = A\naws_secret_access_key = S\n");
  write("b", "[default]\nregion = eu-west-1\n");
  settings_.environment["AWS_SHARED_CREDENTIALS_FILE"] = "~/a";
  settings_.environment["AWS_CONFIG_FILE"] = (home_.path() / "b").string();
  EXPECT_EQ(id(), "A");
  EXPECT_EQ(aws_region(settings_), "eu-west-1");
  settings_.environment["AWS_DEFAULT_REGION"] = "x";
  EXPECT_EQ(aws_region(settings_), "x");
  settings_.environment["AWS_REGION"] = "y";
  EXPECT_EQ(aws_region(settings_), "y");
}

TEST_F(AwsCredentialsTest, NamesTheBrokenFile) {
  write(".aws/credentials", "[default]\nSECRETTEXT\n");
  try {
    id();
    FAIL();
  } catch (const InvalidError& error) {
    EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(".aws/credentials"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("SECRETTEXT"), std::string::npos);
  }
}

TEST_F(AwsCredentialsTest, AsksTheInstanceAndRenews) {
  MetadataService service;
  settings_.environment.erase("AWS_EC2_METADATA_DISABLED");
  settings_.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.server.url("/").to_string();
  AwsCredentials credentials(settings_, client_, time_);
  EXPECT_EQ(credentials.keys().access_key_id, "I1");
  EXPECT_EQ(credentials.keys().session_token, "T");
  EXPECT_EQ(to_unix(*credentials.keys().expiry), 6 * 3600);
  EXPECT_EQ(service.server.requests(), 3U);
  time_.advance(std::chrono::hours(6) - std::chrono::minutes(5));
  EXPECT_EQ(credentials.keys().access_key_id, "I2");
  service.broken = true;
  EXPECT_EQ(credentials.keys().access_key_id, "I2");
  time_.advance(std::chrono::minutes(5));
  EXPECT_THROW(credentials.keys(), NotFoundError);
}

TEST_F(AwsCredentialsTest, FindsNothingWithoutAService) {
  MetadataService service;
  service.broken = true;
  settings_.environment.erase("AWS_EC2_METADATA_DISABLED");
  settings_.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.server.url("").to_string();
  EXPECT_THROW(id(), NotFoundError);
}

TEST(AwsInstanceMetadataTest, RefusesOtherAnswers) {
  for (
      const auto* text :
      {"", "[]", "{", "{}", R"({"Code":"Failed"})", R"({"Code":1})",
       R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T"})",
       R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"soon"})",
       R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T",)"
       R"("Expiration":"2030-13-01T00:00:00Z"})"}) {
    EXPECT_THROW(parse_instance_keys(text), CorruptError) << text;
  }
}

}  // namespace
}  // namespace grange
