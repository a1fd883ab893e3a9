#include "libs/event/reference.h"

#include <string>

#include "gtest/gtest.h"

namespace vigil::event {
namespace {

const NamingKey& Key() {
  static const auto* const key =
      new NamingKey("00c0ffee", std::string(32, 'k'));
  return *key;
}

TEST(Source, NamesWriterAndOrganisation) {
  EXPECT_EQ(Source("police", "police:43"), "//vigil/police/police:43");
  const SourceParts parts = ParseSource("//vigil/police/police:43");
  EXPECT_EQ(parts.writer, "police");
  EXPECT_EQ(parts.organisation, "police:43");
  EXPECT_EQ(ParseSource("https://elsewhere/a").writer, "");
}

TEST(EventId, IsTheSameForEverAndDiffersInEachPart) {
  const std::string id = EventId("//vigil/police/police:43", "records", "r-1",
                                 "s1.p.x.y", "vigil.event.v1.ConcernRaised", 0);
  // Frozen: a change of this value would make every retry a new fact. It was
  // computed apart from this code, with Python's uuid.uuid5.
  EXPECT_EQ(id, "5e519f18-bd30-502e-b505-fe226a802283");
  EXPECT_NE(id, EventId("//vigil/police/police:43", "records", "r-1",
                        "s1.p.x.y", "vigil.event.v1.ConcernRaised", 1));
  EXPECT_NE(id, EventId("//vigil/police/police:4", "3records", "r-1",
                        "s1.p.x.y", "vigil.event.v1.ConcernRaised", 0));
}

TEST(SubjectReference, HasItsOneForm) {
  const std::string reference =
      Key().Subject(SubjectKind::kPerson, "police:43", "niche", "000123");
  EXPECT_TRUE(IsSubjectReference(reference)) << reference;
  EXPECT_EQ(KeyIdOf(reference), "00c0ffee");
  EXPECT_EQ(reference.substr(0, 5), "s1.p.");
  EXPECT_FALSE(IsSubjectReference("s1.p.00c0ffee.short"));
  EXPECT_FALSE(IsSubjectReference("s2" + reference.substr(2)));
  EXPECT_FALSE(IsSubjectReference("s1.x" + reference.substr(4)));
  EXPECT_EQ(KeyIdOf("nothing"), "");
}

TEST(SubjectReference, LocalIdsAreTakenExactlyAsGiven) {
  EXPECT_NE(Key().Subject(SubjectKind::kPerson, "police:43", "niche", "000123"),
            Key().Subject(SubjectKind::kPerson, "police:43", "niche", "123"));
  EXPECT_NE(
      Key().Subject(SubjectKind::kPerson, "police:43", "niche", "123"),
      Key().Subject(SubjectKind::kHousehold, "police:43", "niche", "123"));
}

TEST(SubjectReference, APersonOfARecordNeverEqualsALocalId) {
  const auto numbered = [](SubjectKind kind, uint32_t number) {
    return Key().NumberedSubject(kind, "police:43", "niche", "r1", number);
  };
  const std::string first = numbered(SubjectKind::kPerson, 1);
  EXPECT_TRUE(IsSubjectReference(first));
  EXPECT_TRUE(IsNumbered(first));
  const std::string known =
      Key().Subject(SubjectKind::kPerson, "police:43", "niche", "r1");
  EXPECT_FALSE(IsNumbered(known));
  EXPECT_NE(first.substr(5), known.substr(5));
  EXPECT_NE(first, numbered(SubjectKind::kPerson, 2));
  EXPECT_NE(first, numbered(SubjectKind::kHousehold, 1));
}

// Each single character that is mistyped is found by the check of the text.
TEST(SubjectReference, AMistypedOneIsRefused) {
  const std::string reference =
      Key().Subject(SubjectKind::kPerson, "police:43", "niche", "000123");
  for (size_t i = 0; i < reference.size(); ++i) {
    std::string mistyped = reference;
    mistyped[i] = mistyped[i] == '0' ? '1' : '0';
    EXPECT_FALSE(IsSubjectReference(mistyped)) << mistyped;
  }
}

TEST(OrganisationText, HasItsOneForm) {
  EXPECT_TRUE(IsOrganisationText("police:43"));
  EXPECT_TRUE(IsOrganisationText("local:NORTHSHIRE-HUB"));
  for (const char* text :
       {"police", "police:", ":43", "Police:43", "ods:rx1"}) {
    EXPECT_FALSE(IsOrganisationText(text)) << text;
  }
}

TEST(NamingKey, ChecksTellKeysApart) {
  const NamingKey other("00c0ffee", std::string(32, 'j'));
  EXPECT_NE(Key().CheckValue(), other.CheckValue());
  EXPECT_NE(Key().RequestKey("s", "y", "r"), other.RequestKey("s", "y", "r"));
  EXPECT_EQ(Key().RequestKey("s", "y", "r").size(), 43u);
  EXPECT_EQ(Key().RequestDigest(std::string(32, 'd')).size(), 43u);
}

TEST(NamingKey, NoTwoUsesAgree) {
  EXPECT_NE(Key().RequestKey("a", "b", "c"), Key().Record("a", "b", "c"));
  EXPECT_NE(Key().RequestDigest("a"), Key().Record("a", "", ""));
}

}  // namespace
}  // namespace vigil::event
