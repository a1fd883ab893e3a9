// Names as a search compares them: without case, accents, hyphens, apostrophes
// and spaces, and in Latin letters.
//
//   FoldName("O'Neill-Zoë")          -> {"o", "neill", "zoe"}
//   NameTokens(name)                 -> what an index holds of it
//   QueryTokens("oneill zoe")        -> what to look up, each as a prefix
//
// A hyphen, an apostrophe and a space part a name; "Anne-Marie", "Anne Marie"
// and "Annemarie" are found by one another because neighbouring parts are
// tokens together too ("annemarie"). Other scripts are transliterated by
// Unicode's rules (CLDR, Any-Latin): one spelling in Latin letters of many, so
// a name that was given in two scripts is best given as two names.
//
// Threads: safe. Failure: none; what is not UTF-8 folds as U+FFFD, which is
// no letter.
#ifndef VIGIL_LIBS_SAFEGUARDING_NAMES_H_
#define VIGIL_LIBS_SAFEGUARDING_NAMES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::safeguarding {

// The tables behind transliteration come with ICU and change with it. An index
// of tokens made under another version must be built anew.
std::string NameFoldVersion();

// A name of 200 characters has hardly more; the rest is not searched by.
inline constexpr size_t kMaxNameParts = 32;

// The parts of a name, in their order.
std::vector<std::string> FoldName(absl::string_view name);

// All parts of family, given and whole name, and their neighbours joined;
// sorted, none twice.
std::vector<std::string> NameTokens(const event::v1::PersonName& name);

// The same of what somebody typed. Whoever looks up tokens that begin with one
// of these, or equal it if it is shorter than kMinPrefixCharacters, finds all
// whose name matches (match.h).
inline constexpr size_t kMinPrefixCharacters = 2;
std::vector<std::string> QueryTokens(absl::string_view name);

// Changes with the tables of forms and placeholders (names.cc): more names then
// contradict, or fewer, and a rule joins others.
inline constexpr absl::string_view kNameFormsVersion = "2026-11";

// The given names of one person, all that anybody said.
//
//   GivenNames ours, theirs;
//   for (const auto& name : said.names()) ours.Add(name);
//   if (ours.Contradict(theirs)) ...   // no rule takes the two for one
//
// Two given names agree if each part of the one that has fewer answers to a
// part of the other: equal as folded, in any order, hyphenated or not; a form
// of one name ("Kate" and "Katherine", by a short table: not by the beginning,
// or Paul would be Paula); or an initial. So middle names may be missing, and
// "Muhammad Hassan" is not "Muhammad Husayn". Family and given name written the
// other way round agree too.
//
// They contradict if each has a given name and no name of the one agrees with
// any of the other. A newborn's placeholder ("Baby", "Baby Boy Quill", "Twin
// 1") is no given name: it contradicts nothing but another of another number or
// sex.
class GivenNames {
 public:
  void Add(const event::v1::PersonName& name);
  void Add(const GivenNames& other);

  bool Contradict(const GivenNames& other) const;

 private:
  struct Name {
    std::vector<std::string> given;  // parts, in their order
    std::vector<std::string> whole;  // with those of the family name; sorted
    friend bool operator==(const Name&, const Name&) = default;
  };
  struct Placeholder {
    std::string number;  // "1"; empty: none
    std::string sex;     // "boy", "girl"; empty: none
    friend bool operator==(const Placeholder&, const Placeholder&) = default;
  };
  static bool Agree(const Name& one, const Name& other);

  std::vector<Name> names_;  // none twice
  std::vector<Placeholder> placeholders_;
};

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_NAMES_H_
