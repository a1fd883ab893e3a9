#include "services/writers.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "libs/event/kind.h"
#include "vigil/common/v1/statement.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil {
namespace {

using common::v1::Statement;
using event::v1::Kind;
using google::protobuf::OneofDescriptor;

const OneofDescriptor& Acts() {
  return *Statement::descriptor()->FindOneofByName("act");
}

std::string Read(const std::string& path) {
  std::ifstream file(std::string(VIGIL_ROOT) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(WritersTest, AnActIsAKindUnderTheSameNameAndNumber) {
  const OneofDescriptor& kinds = *Kind::descriptor()->FindOneofByName("kind");
  std::set<std::string> said;
  for (int i = 0; i < Acts().field_count(); ++i) {
    const auto* act = Acts().field(i);
    const auto* kind = Kind::descriptor()->FindFieldByNumber(act->number());
    ASSERT_NE(kind, nullptr) << act->name();
    EXPECT_EQ(kind->name(), act->name());
    EXPECT_EQ(kind->message_type(), act->message_type());
    said.insert(act->name());
  }
  // The rest is Vigil's own.
  for (int i = 0; i < kinds.field_count(); ++i) {
    if (said.contains(kinds.field(i)->name())) continue;
    const auto role =
        event::TraitsOf(static_cast<Kind::KindCase>(kinds.field(i)->number()))
            .role;
    EXPECT_TRUE(role == event::KindRole::kView ||
                role == event::KindRole::kNotice ||
                role == event::KindRole::kNamingKey)
        << kinds.field(i)->name();
  }
}

TEST(WritersTest, EveryActIsTakenAndOnlyTheHubDecidesWhoIsWho) {
  for (int i = 0; i < Acts().field_count(); ++i) {
    const auto act = static_cast<Statement::ActCase>(Acts().field(i)->number());
    std::set<std::string> takers;
    for (const service::Writer& writer : Writers()) {
      if (writer.Takes(act)) takers.insert(writer.name);
    }
    EXPECT_FALSE(takers.empty()) << service::ActName(act);
    if (event::TraitsOf(static_cast<Kind::KindCase>(act)).hub_only) {
      EXPECT_EQ(takers, std::set<std::string>{std::string(service::kHub)})
          << service::ActName(act);
    }
  }
}

// Else the writer would tell which discreet act an event is.
TEST(WritersTest, EachTakesAllDiscreetActsOrNone) {
  for (const service::Writer& writer : Writers()) {
    std::set<bool> taken;
    for (int i = 0; i < Acts().field_count(); ++i) {
      const int act = Acts().field(i)->number();
      if (event::TraitsOf(static_cast<Kind::KindCase>(act)).discreet) {
        taken.insert(writer.Takes(static_cast<Statement::ActCase>(act)));
      }
    }
    EXPECT_EQ(taken.size(), 1u) << writer.name;
  }
}

// A further writer is a folder and a line of the list: what else there is of it
// is made from the list, or declared by operators, of whom this reminds.
TEST(WritersTest, EachWriterIsAFolderAndDeclared) {
  const std::string topics = Read("deploy/topics.textproto");
  for (const service::Writer& writer : Writers()) {
    EXPECT_FALSE(
        Read(absl::StrCat("services/", writer.name, "/README.md")).empty())
        << writer.name;
    EXPECT_TRUE(absl::StrContains(topics, service::EventsTopic(writer.name)))
        << writer.name;
    EXPECT_FALSE(
        Read(absl::StrCat("deploy/", writer.name, ".textproto")).empty())
        << writer.name;
    EXPECT_EQ(FindWriter(writer.name)->service, writer.service);
  }
  EXPECT_EQ(FindWriter("nobody"), nullptr);
}

}  // namespace
}  // namespace vigil
