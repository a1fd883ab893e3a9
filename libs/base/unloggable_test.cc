#include "libs/base/unloggable.h"

#include <sstream>
#include <string>
#include <type_traits>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "fmt/ostream.h"
#include "gtest/gtest.h"

namespace vigil {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& stream, const T& value) {
  stream << value;
};
template <typename T>
concept StreamableToATemporary = requires(const T& value) {
  std::ostringstream() << value;
};
template <typename T>
concept Concatenable = requires(const T& value) {
  absl::StrCat(value);
};

// Each of these would be false for every type if it asked wrongly.
static_assert(Streamable<std::string>);
static_assert(StreamableToATemporary<std::string>);
static_assert(Concatenable<std::string>);
static_assert(fmt::is_formattable<std::string>::value);

using HiddenText = Unloggable<std::string>;
static_assert(!Streamable<HiddenText>);
static_assert(!StreamableToATemporary<HiddenText>);
static_assert(!Concatenable<HiddenText>);
static_assert(!fmt::is_formattable<HiddenText>::value);
static_assert(!std::is_convertible_v<HiddenText, std::string>);
static_assert(!std::is_convertible_v<HiddenText, absl::string_view>);

using HiddenNumber = Unloggable<int>;
static_assert(!Streamable<HiddenNumber>);
static_assert(!Concatenable<HiddenNumber>);
static_assert(!fmt::is_formattable<HiddenNumber>::value);
static_assert(!std::is_convertible_v<HiddenNumber, int>);
static_assert(!std::is_convertible_v<int, HiddenNumber>);

TEST(UnloggableTest, RevealIsTheOnlyWayOut) {
  EXPECT_EQ(HiddenText("Ash").Reveal(), "Ash");
  EXPECT_EQ(HiddenText().Reveal(), "");
  EXPECT_EQ(HiddenNumber().Reveal(), 0);
}

TEST(UnloggableTest, ComparedAndHashedByValue) {
  EXPECT_TRUE(HiddenText("Ash") == HiddenText("Ash"));
  EXPECT_TRUE(HiddenText("Ash") != HiddenText("Elm"));
  absl::flat_hash_set<HiddenText> set;
  set.insert(HiddenText("Ash"));
  EXPECT_TRUE(set.contains(HiddenText("Ash")));
  EXPECT_FALSE(set.contains(HiddenText("Elm")));
}

}  // namespace
}  // namespace vigil
