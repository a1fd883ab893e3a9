// Every file under deploy/ is one that the programs accept, and the example
// register names the systems that tools/certificates makes certificates for.
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/atomic_file.h"
#include "libs/service/certificate.h"
#include "libs/service/config.h"
#include "services/writers.h"
#include "tests/temporary_folder.h"

namespace vigil::service {
namespace {

using ::testing::ElementsAre;

const std::string kRoot = VIGIL_SOURCE_FOLDER;
const std::string kDeploy = kRoot + "/deploy/";

std::set<std::string> TextFiles() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kDeploy)) {
    if (entry.path().extension() == ".textproto") {
      names.insert(entry.path().filename());
    }
  }
  return names;
}

std::set<std::string> DeclaredWriters() {
  const auto topics = LoadTopics(kDeploy + "topics.textproto");
  EXPECT_TRUE(topics.ok()) << topics.status();
  return topics.ok() ? DeclaredVocabularies(*topics) : std::set<std::string>();
}

TEST(Deploy, EveryProcessHasAnExampleThatLoads) {
  std::set<std::string> files = TextFiles();
  for (const char* other : {"topics.textproto", "topics.test.textproto",
                            "register.textproto", "partnership.textproto"}) {
    EXPECT_EQ(files.erase(other), 1u) << other;
  }
  std::set<std::string> processes = {"chronology.textproto", "node.textproto"};
  for (const Writer& writer : Writers()) {
    processes.insert(writer.name + ".textproto");
  }
  EXPECT_EQ(files, processes);
  std::set<std::string> addresses;
  for (const std::string& file : files) {
    const auto loaded = LoadConfiguration(kDeploy + file);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    const config::v1::Process& process = loaded->process;
    // Each its own, so that all can run on one machine, and none without TLS.
    EXPECT_TRUE(addresses.insert(process.listener().address()).second) << file;
    EXPECT_TRUE(addresses.insert(process.metrics_address()).second) << file;
    EXPECT_TRUE(addresses.insert(process.data_folder()).second) << file;
    EXPECT_FALSE(process.listener().has_plaintext()) << file;
    EXPECT_EQ(process.log().has_embedded(), file == "node.textproto") << file;
    const std::string name = file.substr(0, file.find('.'));
    EXPECT_EQ(process.listener().certificate_file(),
              absl::StrCat(kDeploy, "certificates/", name, ".crt"));
    if (process.log().has_kafka()) {
      EXPECT_EQ(process.log().kafka().certificate_file(),
                process.listener().certificate_file());
    }
  }
}

TEST(Deploy, EachWriterWritesItsOwnTopicAndNothingElse) {
  const auto topics = LoadTopics(kDeploy + "topics.textproto");
  ASSERT_TRUE(topics.ok()) << topics.status();
  std::set<std::string> writable;
  std::vector<std::string> readers;
  for (const config::v1::Access& access : topics->access()) {
    for (const std::string& topic : access.write_topics()) {
      EXPECT_TRUE(writable.insert(topic).second) << topic << " has two writers";
    }
    ASSERT_THAT(access.write_topics(), testing::SizeIs(1));
    if (!access.read_topics().empty()) readers.push_back(access.principal());
    const bool reads = access.principal() == "User:chronology";
    EXPECT_EQ(access.write_topics(0),
              absl::StrCat("vigil.", access.principal().substr(5),
                           reads ? ".access.v1" : ".events.v1"));
  }
  EXPECT_THAT(writable, testing::UnorderedElementsAreArray(topics->topics()));
  std::set<std::string> expected = {"vigil.chronology.access.v1"};
  for (const Writer& writer : Writers()) {
    expected.insert(EventsTopic(writer.name));
  }
  EXPECT_EQ(writable, expected);
  EXPECT_THAT(readers, ElementsAre("User:chronology"));
}

TEST(Deploy, TheTopicsOfTestsAreThoseOfADeployment) {
  auto real = LoadTopics(kDeploy + "topics.textproto");
  auto test = LoadTopics(kDeploy + "topics.test.textproto");
  ASSERT_TRUE(real.ok()) << real.status();
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ(real->partitions(), 12u);
  EXPECT_EQ(real->replication_factor(), 3u);
  EXPECT_EQ(real->min_insync_replicas(), 2u);
  EXPECT_EQ(test->partitions(), 2u);
  EXPECT_EQ(test->replication_factor(), 1u);
  EXPECT_EQ(test->min_insync_replicas(), 1u);
  for (config::v1::Topics* each : {&*real, &*test}) {
    each->clear_partitions();
    each->clear_replication_factor();
    each->clear_min_insync_replicas();
  }
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*real, *test));
}

TEST(Deploy, WhatAPartnershipSettlesCanBeRead) {
  const auto text = ReadFile(kDeploy + "partnership.textproto");
  ASSERT_TRUE(text.ok()) << text.status();
  config::v1::Partnership partnership;
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString(*text, &partnership));
}

TEST(Deploy, TheRegisterKnowsTheCertificatesThatWeMake) {
  const auto systems =
      LoadRegister(kDeploy + "register.textproto", DeclaredWriters());
  ASSERT_TRUE(systems.ok()) << systems.status();
  for (const Writer& writer : Writers()) {
    bool published = false;
    for (const std::string& id : systems->SystemIds()) {
      published |= systems->FindSystem(id)->MayPublishThrough(writer.name);
    }
    EXPECT_TRUE(published) << "no system speaks through " << writer.name;
  }
  const TemporaryFolder folder;
  std::string command =
      absl::StrCat(kRoot, "/tools/certificates ", folder.path());
  for (const std::string& id : systems->SystemIds()) {
    // tools/certificates makes the operator's by itself.
    if (id != "operator") absl::StrAppend(&command, " --system ", id);
  }
  ASSERT_EQ(std::system((command + " >&2").c_str()), 0);
  for (const std::string& id : systems->SystemIds()) {
    const auto pem = ReadFile(absl::StrCat(folder.path(), "/", id, ".crt"));
    ASSERT_TRUE(pem.ok()) << pem.status();
    const auto certificate = ParseCertificate(*pem);
    ASSERT_TRUE(certificate.ok()) << certificate.status();
    const auto caller = systems->Find(*certificate);
    ASSERT_TRUE(caller.has_value()) << id;
    EXPECT_EQ(caller->system(), id);
  }
}

}  // namespace
}  // namespace vigil::service
