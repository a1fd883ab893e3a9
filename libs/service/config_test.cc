#include "libs/service/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace vigil::service {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

const char kTopics[] = R"(partitions: 2
topics: "vigil.police.events.v1"
topics: "vigil.chronology.access.v1"
access { principal: "User:police" write_topics: "vigil.police.*" }
)";

const char kRegister[] = R"(systems {
  id: "force-records"
  san_uri: "vigil://system/force-records"
  issuer: "Authority"
  roles: ROLE_PUBLISHER
  services: "police"
  organisations { scheme: "police" code: "43" }
}
)";

const char kProcess[] = R"(data_folder: "data"
listener {
  address: "0.0.0.0:7443"
  certificate_file: "police.crt"
  private_key_file: "/etc/vigil/police.key"
  client_ca_file: "../ca.crt"
  plaintext { address: "127.0.0.1:0" as_system: "force-records" }
}
log { embedded { folder: "log" } }
topics_file: "topics.textproto"
register_file: "register.textproto"
)";

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = testing::TempDir() + "config.XXXXXX";
    folder_ = mkdtemp(pattern.data());
    Write("topics.textproto", kTopics);
    Write("register.textproto", kRegister);
    Write("police.textproto", kProcess);
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
  }
  std::string Path(const std::string& name) const {
    return folder_ + "/" + name;
  }
  std::string Refused() {
    auto loaded = LoadConfiguration(Path("police.textproto"));
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(loaded.status().message());
  }

 private:
  std::string folder_;
};

TEST_F(ConfigTest, ReadsAllThreeFiles) {
  auto loaded = LoadConfiguration(Path("police.textproto"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->topics.topics_size(), 2);
  EXPECT_TRUE(
      loaded->systems.FindSystem("force-records")->MayPublishThrough("police"));
}

TEST_F(ConfigTest, PathsAreRelativeToTheFile) {
  auto loaded = LoadConfiguration(Path("police.textproto"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const config::v1::Process& process = loaded->process;
  EXPECT_EQ(process.data_folder(), Path("data"));
  EXPECT_EQ(process.log().embedded().folder(), Path("log"));
  EXPECT_EQ(process.listener().certificate_file(), Path("police.crt"));
  EXPECT_EQ(process.listener().private_key_file(), "/etc/vigil/police.key");
  EXPECT_EQ(
      process.listener().client_ca_file(),
      (std::filesystem::path(Path("")).parent_path().parent_path() / "ca.crt")
          .string());
}

TEST_F(ConfigTest, FillsInWhatWasLeftOut) {
  auto loaded = LoadConfiguration(Path("police.textproto"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const config::v1::Limits& limits = loaded->process.limits();
  EXPECT_EQ(limits.calls_in_flight_per_system(), 256u);
  EXPECT_EQ(limits.requests_in_flight(), 10'000u);
  EXPECT_EQ(limits.requests_in_flight_per_system(), 2'000u);
  EXPECT_EQ(limits.accept_after_milliseconds(), 1'000u);
  EXPECT_EQ(limits.request_memory_days(), 30u);
  eventlog::Topics declared = DeclaredTopics(loaded->topics);
  EXPECT_EQ(declared.at("vigil.police.events.v1").partitions, 2);
  EXPECT_EQ(declared.at("vigil.police.events.v1").replication_factor, 3);
  EXPECT_EQ(declared.at("vigil.police.events.v1").min_insync_replicas, 2);
}

TEST_F(ConfigTest, KnowsTheVocabulariesThatTheTopicsDeclare) {
  config::v1::Topics topics;
  topics.add_topics("vigil.social_care.events.v1");
  topics.add_topics("vigil.police.events.v1");
  topics.add_topics("vigil.police.access.v1");
  topics.add_topics("other.events.v1");
  EXPECT_THAT(DeclaredVocabularies(topics),
              UnorderedElementsAre("police", "social_care"));
}

TEST_F(ConfigTest, NamesFileLineAndFieldOfEveryFault) {
  Write("police.textproto", R"(data_folder: "data"
listener {
  address: "0.0.0.0:7443"
  certificate_file: "police.crt"
  client_ca_file: "ca.crt"
}
topics_file: "topics.textproto"
register_file: "register.textproto"
limits { request_memory_days: 7
         requests_in_flight_per_system: 499 }
)");
  Write("topics.textproto", R"(partitions: 2
topics: "vigil.police.events.v1"
topics: "no spaces"
access { write_topics: "vigil.health.*" }
)");
  Write("register.textproto", R"(systems {
  id: "force-records"
  san_uri: "u"
  roles: ROLE_PUBLISHER
  services: "police"
  services: "fire"
}
)");
  EXPECT_THAT(
      Refused(),
      AllOf(HasSubstr(Path("police.textproto") +
                      ":2: listener.private_key_file: is required\n"),
            HasSubstr(Path("police.textproto") +
                      ": log: embedded or kafka is required\n"),
            HasSubstr(Path("police.textproto") +
                      ":9: limits.request_memory_days: is at least 30\n"),
            HasSubstr(Path("police.textproto") +
                      ":10: limits.requests_in_flight_per_system: is at least "
                      "500, one batch\n"),
            HasSubstr(Path("topics.textproto") + ":3: topics[1]: "),
            HasSubstr(Path("topics.textproto") +
                      ":4: access[0].principal: is required\n"),
            HasSubstr(Path("topics.textproto") +
                      ":4: access[0].write_topics[0]: matches no declared"),
            HasSubstr(Path("register.textproto") +
                      ":1: systems[0].issuer: is required\n"),
            HasSubstr(Path("register.textproto") +
                      ":6: systems[0].services[1]: "),
            HasSubstr(Path("register.textproto") +
                      ":1: systems[0].organisations: a publisher needs one")));
}

TEST_F(ConfigTest, RefusesAFieldThatItDoesNotKnow) {
  Write("police.textproto", std::string(kProcess) + "\ndata_foldr: \"x\"\n");
  EXPECT_THAT(Refused(), AllOf(HasSubstr(Path("police.textproto") + ":13: "),
                               HasSubstr("data_foldr")));
}

TEST_F(ConfigTest, SaysWhichFileCannotBeRead) {
  std::filesystem::remove(Path("topics.textproto"));
  EXPECT_THAT(Refused(), HasSubstr(Path("topics.textproto")));
  EXPECT_THAT(LoadConfiguration(Path("none")).status().message(),
              HasSubstr(Path("none")));
}

TEST_F(ConfigTest, RefusesPropertiesThatWouldBreakWhatIsPromised) {
  const auto with = [this](const std::string& name, const std::string& value) {
    std::string process = kProcess;
    const std::string embedded = "log { embedded { folder: \"log\" } }";
    const size_t at = process.find(embedded);
    EXPECT_NE(at, std::string::npos);
    Write("police.textproto",
          process.replace(
              at, embedded.size(),
              "log { kafka { bootstrap_servers: \"k:1\" properties { key: \"" +
                  name + "\" value: \"" + value + "\" } } }"));
  };
  with("acks", "1");
  EXPECT_THAT(Refused(), HasSubstr("log.kafka.properties: acks is not for"));
  for (const char* value : {"0", "35000", "soon"}) {
    with("delivery.timeout.ms", value);
    EXPECT_THAT(Refused(), HasSubstr("delivery.timeout.ms is at least 1 and "
                                     "below 35000"));
  }
  with("message.timeout.ms", "34999");
  EXPECT_TRUE(LoadConfiguration(Path("police.textproto")).ok());
  with("socket.timeout.ms", "1000");
  EXPECT_TRUE(LoadConfiguration(Path("police.textproto")).ok());
}

TEST_F(ConfigTest, ThePlaintextSystemIsInTheRegister) {
  std::string process = kProcess;
  const std::string known = "as_system: \"force-records\"";
  process.replace(process.find(known), known.size(), "as_system: \"nobody\"");
  Write("police.textproto", process);
  EXPECT_THAT(Refused(),
              EndsWith(Path("police.textproto") +
                       ":7: listener.plaintext.as_system: is no system of the "
                       "register"));
}

TEST_F(ConfigTest, ReadsEachFileAlone) {
  EXPECT_TRUE(LoadProcess(Path("police.textproto")).ok());
  EXPECT_TRUE(LoadTopics(Path("topics.textproto")).ok());
  EXPECT_TRUE(LoadRegister(Path("register.textproto"), {"police"}).ok());
  EXPECT_FALSE(LoadRegister(Path("register.textproto"), {"health"}).ok());
  // A register is no declaration of topics.
  EXPECT_FALSE(LoadTopics(Path("register.textproto")).ok());
}

TEST_F(ConfigTest, RefusesMorePartitionsThanADeploymentBears) {
  Write("topics.textproto", "partitions: 100000\ntopics: \"a\"\n");
  EXPECT_THAT(LoadTopics(Path("topics.textproto")).status().message(),
              HasSubstr(":1: partitions: "));
}

}  // namespace
}  // namespace vigil::service
