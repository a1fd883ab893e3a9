// A made-up area: families, what happens to them, and what each agency's system
// would send about it: statements in ProtoJSON, one a line, for each writer.
//
//   SyntheticArea area({.families = 200, .lines = 10'000, .seed = 7});
//   area.Generate([](absl::string_view writer, absl::string_view line) { ...
//   }); area.ChildrenJson();   // which local ids are one person: the truth
//
// The same options give the same bytes, on every machine. Nobody in it exists:
// names are built from syllables and invented places, NHS numbers are of the
// 999 range, unique pupil numbers of school 0000, postcodes of ZZ99, telephone
// numbers of those that Ofcom keeps for drama, organisations of codes that
// nobody has.
//
// What is realistic in it, because it is where software goes wrong:
//
// - A child is known to several systems by their own local ids: some hold a
//   verified NHS number, some a copied one, schools a unique pupil number, some
//   nothing but a name, sometimes misspelt or with day and month swapped. A
//   newborn may carry its mother's number. Twins share a date of birth.
// - A mother is known to some and a number in one record to others; the man of
//   a family is father of some of its children and not of others.
// - Of two children at one incident each is seen, or not, and says something of
//   their own.
// - A few families have most of the events.
// - One incident comes from several agencies, under one reference; a referral,
//   its confirmation, acknowledgement and decision share a conversation, and
//   name each other's records. Some are decided for one child alone.
// - Most say published codes with their own terms beside, some only one of the
//   two. Of some families an imported history, in years and in terms that
//   nobody has mapped.
// - Lines are late (by hours, by weeks), out of order (an answer before its
//   question, a correction before what it corrects), and repeated (the same
//   request twice).
// - Times are instants, clock times, dates, months, or not known.
//
// Links and separations are not in it: they name subject references, which only
// a receipt tells.
//
// Who tells is in synthetic_desks.h, what happens in synthetic_stories.cc.
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_SYNTHETIC_AREA_H_
#define VIGIL_TOOLS_VIGIL_SYNTHETIC_AREA_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"

namespace vigil::cli {

struct SyntheticOptions {
  int families = 200;
  int64_t lines = 10'000;  // of all writers together, repeats among them
  uint64_t seed = 1;
  // When it is sent; what is told of may have happened earlier.
  absl::CivilDay from = absl::CivilDay(2023, 1, 1);
  absl::CivilDay to = absl::CivilDay(2025, 1, 1);
};

// A family has at most four children and two adults, each with one of the
// synthetic NHS numbers, of which there are 900,000.
inline constexpr int kMaxSyntheticFamilies = 150'000;

class SyntheticArea {
 public:
  // Aborts unless 1 <= families <= kMaxSyntheticFamilies and from < to.
  explicit SyntheticArea(const SyntheticOptions& options);
  ~SyntheticArea();

  SyntheticArea(const SyntheticArea&) = delete;
  SyntheticArea& operator=(const SyntheticArea&) = delete;

  // Calls `send` once for each line, in the order of sending. Memory does not
  // grow with the number of lines. Once.
  void Generate(const std::function<void(absl::string_view writer,
                                         absl::string_view line)>& send);

  // After Generate: all children and the adults of their families, and under
  // which ids who knows them.
  std::string ChildrenJson() const;

 private:
  class World;
  std::unique_ptr<World> world_;
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_SYNTHETIC_AREA_H_
