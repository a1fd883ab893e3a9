#include "libs/event/kind.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace vigil::event {
namespace {

TEST(Kind, EveryOneHasALabelOfItsOwnInPlainWords) {
  std::set<std::string> labels;
  const auto* oneof = v1::Kind::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < oneof->field_count(); ++i) {
    const auto* field = oneof->field(i);
    const auto kind = static_cast<v1::Kind::KindCase>(field->number());
    const std::string label = LabelOf(field->message_type()->full_name());
    EXPECT_FALSE(label.empty()) << field->name();
    EXPECT_TRUE(labels.insert(label).second) << label;
    EXPECT_EQ(KindOf(MessageNameOf(kind)), kind);
  }
}

TEST(Kind, ADiscreetOneHasANeutralType) {
  EXPECT_EQ(TypeOf(v1::Kind::kAllegationMade), kDiscreetType);
  EXPECT_EQ(TypeOf(v1::Kind::kServiceContact), kDiscreetType);
  EXPECT_EQ(TypeOf(v1::Kind::kConcernRaised), "vigil.event.v1.ConcernRaised");
  EXPECT_TRUE(IsKnownType(kDiscreetType));
  EXPECT_FALSE(IsKnownType("vigil.event.v1.AllegationMade"));
  EXPECT_EQ(KindOf(kDiscreetType), v1::Kind::KIND_NOT_SET);
  EXPECT_EQ(kDiscreetType, v1::DiscreetEntry::descriptor()->full_name());
}

TEST(Kind, AnUnknownOneIsAnEntryNamedByItsType) {
  EXPECT_EQ(LabelOf("vigil.event.v9.SomethingNew"), "Something new");
  EXPECT_EQ(TraitsOf(KindOf("vigil.event.v9.SomethingNew")).role,
            KindRole::kEntry);
}

}  // namespace
}  // namespace vigil::event
