// A made-up area: families, what happens to them, and what each agency's system
// would send about it.
//
//   SyntheticArea area({.families = 200, .lines = 10'000, .seed = 7});
//   area.Generate([](absl::string_view agency, absl::string_view line) { ...
//   }); area.ChildrenJson();   // which local ids are one child: the truth
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
// - A few families have most of the events.
// - One incident comes from several agencies, under one reference; a referral,
//   its confirmation, acknowledgement and decision share a conversation.
// - Lines are late (by hours, by weeks), out of order (an answer before its
//   question, a correction before what it corrects), and repeated (the same
//   request twice).
// - Times are instants, clock times, dates, months, or not known.
//
// Links and separations are not in it: they name subject references, which only
// a receipt tells.
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
  int64_t lines = 10'000;  // of all agencies together, repeats among them
  uint64_t seed = 1;
  // When it is sent; what is told of may have happened earlier.
  absl::CivilDay from = absl::CivilDay(2023, 1, 1);
  absl::CivilDay to = absl::CivilDay(2025, 1, 1);
};

// A family has at most four children and a mother, each with one of the
// synthetic NHS numbers, of which there are 900,000.
inline constexpr int kMaxSyntheticFamilies = 180'000;

class SyntheticArea {
 public:
  // Aborts unless 1 <= families <= kMaxSyntheticFamilies and from < to.
  explicit SyntheticArea(const SyntheticOptions& options);
  ~SyntheticArea();

  SyntheticArea(const SyntheticArea&) = delete;
  SyntheticArea& operator=(const SyntheticArea&) = delete;

  // Calls `send` once for each line, in the order of sending. Memory does not
  // grow with the number of lines. Once.
  void Generate(const std::function<void(absl::string_view agency,
                                         absl::string_view line)>& send);

  // After Generate: all children, and under which ids who knows them.
  std::string ChildrenJson() const;

 private:
  class World;
  std::unique_ptr<World> world_;
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_SYNTHETIC_AREA_H_
