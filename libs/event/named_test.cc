#include "libs/event/named.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::event {
namespace {

using ::testing::ElementsAre;

TEST(VisitNamed, FindsPersonsHouseholdsEntriesAndReferences) {
  common::v1::Statement statement;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        submission { sharing_decisions { event_id: "e1" } }
        about { person { ref { number: 1 } } }
        about { household { ref { number: 2 } } }
        informant { person { number: 3 } }
        arrangement_changed {
          household { number: 4 }
          carers { number: 5 }
          continues { event_id: "e2" }
        }
      )pb",
      &statement));
  std::vector<std::string> found;
  const NamedVisitor visitor = {
      .subject =
          [&](const v1::SubjectRef& ref, bool household,
              const FieldPath& path) {
            found.push_back(absl::StrCat(path.Text(), " ", ref.number(),
                                         household ? " household" : ""));
          },
      .entry =
          [&](const v1::EntryRef& entry, v1::Manner manner,
              const FieldPath& path) {
            found.push_back(absl::StrCat(path.Text(), " ", entry.event_id(),
                                         " ", v1::Manner_Name(manner)));
          },
      .reference =
          [&](const std::string& reference, const FieldPath& path) {
            found.push_back(absl::StrCat(path.Text(), " ", reference));
          }};
  VisitNamed(statement, visitor);
  EXPECT_THAT(
      found,
      ElementsAre("submission.sharing_decisions[0] e1 MANNER_CITES",
                  "about[0].person.ref 1", "about[1].household.ref 2 household",
                  "informant.person 3", "arrangement_changed.carers[0] 5",
                  "arrangement_changed.household 4 household",
                  "arrangement_changed.continues e2 MANNER_CONTINUES"));
  found.clear();
  common::v1::Statement link;
  link.mutable_subjects_linked()->add_subjects("s1");
  link.mutable_subjects_linked()->add_subjects("s2");
  VisitNamed(link, visitor);
  EXPECT_THAT(found, ElementsAre("subjects_linked.subjects[0] s1",
                                 "subjects_linked.subjects[1] s2"));
}

}  // namespace
}  // namespace vigil::event
