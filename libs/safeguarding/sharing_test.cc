#include "libs/safeguarding/sharing.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/base/hash.h"

namespace vigil::safeguarding {
namespace {

using event::v1::PURPOSE_SAFEGUARDING_ENQUIRY;
using event::v1::PURPOSE_UNSPECIFIED;

const Organisation kForce{"police", "43"};
const Organisation kOtherForce{"police", "44"};
const Organisation kTrust{"ods", "43"};  // the same code of another scheme

constexpr char kConcern[] = "vigil.event.v1.ConcernRaised";
constexpr char kViewed[] = "vigil.event.v1.RecordViewed";

// Every set of roles, and what it may see at most of whose facts.
struct MatrixRow {
  std::vector<Role> roles;
  bool own;       // sees what its own organisation published
  bool combined;  // sees everybody's
  bool views;     // sees who viewed what
};

std::vector<MatrixRow> Matrix() {
  std::vector<MatrixRow> rows;
  for (int bits = 0; bits < 16; ++bits) {
    MatrixRow row{};
    if (bits & 1) row.roles.push_back(Role::kPublisher);
    if (bits & 2) row.roles.push_back(Role::kCoordinator);
    if (bits & 4) row.roles.push_back(Role::kAuditor);
    if (bits & 8) row.roles.push_back(Role::kOperator);
    row.combined = (bits & (2 | 4)) != 0;
    row.own = row.combined || (bits & 1) != 0;
    row.views = (bits & 4) != 0;
    rows.push_back(row);
  }
  return rows;
}

TEST(Sharing, EachRoleSeesItsRowsAndNothingElse) {
  for (const MatrixRow& row : Matrix()) {
    const Asker asker{row.roles, kForce};
    for (const char* audience : {"standard", "restricted"}) {
      for (const Organisation& of : {kForce, kOtherForce, kTrust}) {
        SCOPED_TRACE(of.Text() + " " + audience);
        const bool shown = of == kForce ? row.own : row.combined;
        const Decision decision = Decide(asker, PURPOSE_SAFEGUARDING_ENQUIRY,
                                         {of, kConcern, audience});
        EXPECT_EQ(decision.visibility,
                  shown ? Visibility::kFull : Visibility::kNothing);
        EXPECT_FALSE(decision.ask);
        EXPECT_EQ(decision.rule == "DEFAULT_DENY", !shown);

        EXPECT_EQ(
            Decide(asker, PURPOSE_SAFEGUARDING_ENQUIRY, {of, kViewed, audience})
                .visibility,
            row.views ? Visibility::kFull : Visibility::kNothing);

        EXPECT_EQ(
            DecideSubject(asker, PURPOSE_SAFEGUARDING_ENQUIRY, {of}).visibility,
            shown ? Visibility::kFull : Visibility::kNothing);
      }
    }
    EXPECT_EQ(DecideAsking(asker, PURPOSE_SAFEGUARDING_ENQUIRY).visibility,
              row.own ? Visibility::kFull : Visibility::kNothing);
    EXPECT_EQ(SeesCombinedRecord(asker), row.combined);
  }
}

TEST(Sharing, WithoutAPurposeNothingIsShown) {
  for (const event::v1::Purpose purpose :
       {PURPOSE_UNSPECIFIED, static_cast<event::v1::Purpose>(999)}) {
    for (const MatrixRow& row : Matrix()) {
      const Asker asker{row.roles, kForce};
      EXPECT_EQ(
          Decide(asker, purpose, {kForce, kConcern, "standard"}).visibility,
          Visibility::kNothing);
      EXPECT_EQ(DecideSubject(asker, purpose, {kForce}).visibility,
                Visibility::kNothing);
      EXPECT_EQ(DecideAsking(asker, purpose).visibility, Visibility::kNothing);
    }
  }
}

TEST(Sharing, NobodyOwnsWhatNamesNoOrganisation) {
  const Asker nobody{{Role::kPublisher}, {}};
  EXPECT_EQ(
      Decide(nobody, PURPOSE_SAFEGUARDING_ENQUIRY, {{}, kConcern, "standard"})
          .visibility,
      Visibility::kNothing);
  EXPECT_EQ(
      DecideSubject(nobody, PURPOSE_SAFEGUARDING_ENQUIRY, {{}}).visibility,
      Visibility::kNothing);
}

TEST(Sharing, ASubjectIsKnownToThoseWhoPublishedAboutIt) {
  const Asker publisher{{Role::kPublisher}, kForce};
  EXPECT_EQ(
      DecideSubject(publisher, PURPOSE_SAFEGUARDING_ENQUIRY, {kTrust, kForce})
          .visibility,
      Visibility::kFull);
  const Decision theirs =
      DecideSubject(publisher, PURPOSE_SAFEGUARDING_ENQUIRY, {kTrust});
  const Decision nobodys =
      DecideSubject(publisher, PURPOSE_SAFEGUARDING_ENQUIRY, {});
  EXPECT_EQ(theirs.visibility, Visibility::kNothing);
  EXPECT_EQ(theirs.visibility, nobodys.visibility);
  EXPECT_EQ(theirs.rule, nobodys.rule);
}

TEST(Sharing, AnUnknownAudienceIsANoticeToAskTheSource) {
  const Fact fact{kOtherForce, kConcern, "sealed-by-a-later-version"};
  const Decision notice = Decide({{Role::kCoordinator}, kForce},
                                 PURPOSE_SAFEGUARDING_ENQUIRY, fact);
  EXPECT_EQ(notice.visibility, Visibility::kNotice);
  EXPECT_EQ(notice.rule, "AUDIENCE_NOT_KNOWN");
  EXPECT_EQ(notice.ask, kOtherForce);

  EXPECT_EQ(
      Decide({{Role::kPublisher}, kForce}, PURPOSE_SAFEGUARDING_ENQUIRY, fact)
          .visibility,
      Visibility::kNothing);
  EXPECT_EQ(Decide({{Role::kPublisher}, kOtherForce},
                   PURPOSE_SAFEGUARDING_ENQUIRY, fact)
                .visibility,
            Visibility::kFull);
  EXPECT_EQ(Decide({{Role::kPublisher, Role::kCoordinator}, kOtherForce},
                   PURPOSE_SAFEGUARDING_ENQUIRY, fact)
                .visibility,
            Visibility::kFull);
  // A coordinator that does not publish has no facts of its own.
  EXPECT_EQ(Decide({{Role::kCoordinator}, kOtherForce},
                   PURPOSE_SAFEGUARDING_ENQUIRY, fact)
                .visibility,
            Visibility::kNotice);
}

// Another table is another version.
TEST(Sharing, ThePolicyIsThatOfItsVersion) {
  const event::v1::Basis basis = PolicyBasis();
  EXPECT_EQ(basis.name(), "policy");
  EXPECT_EQ(basis.version(), kPolicyVersion);
  EXPECT_EQ(kPolicyVersion, "1");
  EXPECT_EQ(Hex(basis.sha256()),
            "6c9d3661570f6a288aaa9f349071bbc0"
            "a4f1e54465986039bb95bcc96a972a5d");
}

TEST(Sharing, OfADiscreetKindTheAudienceDecides) {
  for (const MatrixRow& row : Matrix()) {
    const Asker asker{row.roles, kForce};
    for (const char* audience : {"standard", "restricted", "of-later"}) {
      for (const Organisation& of : {kForce, kOtherForce}) {
        EXPECT_EQ(Decide(asker, PURPOSE_SAFEGUARDING_ENQUIRY,
                         {of, "vigil.event.v1.DiscreetEntry", audience})
                      .rule,
                  Decide(asker, PURPOSE_SAFEGUARDING_ENQUIRY,
                         {of, kConcern, audience})
                      .rule);
      }
    }
  }
}

TEST(Sharing, IsRecordedAsItWasShown) {
  EXPECT_EQ(AsRecorded(Visibility::kFull), event::v1::VISIBILITY_FULL);
  EXPECT_EQ(AsRecorded(Visibility::kRedacted), event::v1::VISIBILITY_REDACTED);
  EXPECT_EQ(AsRecorded(Visibility::kNotice), event::v1::VISIBILITY_NOTICE);
  EXPECT_DEATH(AsRecorded(Visibility::kNothing), "not recorded as shown");
}

}  // namespace
}  // namespace vigil::safeguarding
