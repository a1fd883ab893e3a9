// What an agency's own term means: the published code of a Concept, by what the
// hub said about terms (TermsMapped). Read when a question is asked, never when
// a fact is stored, so a mapping that is made today gives a meaning to what was
// said last year, and an old answer can be given again.
//
//   const Terms terms(facts);        // of the hub, in the state of knowledge
//   terms.CodeOf(stepped.type(), "meeting", organisation, at);
//   *viewed.add_basis() = terms.basis();
//
// - A Concept's own published code wins. A term is mapped by its system and
//   code; one that has no code by what it says, to the letter and whatever its
//   system.
// - A mapping counts at `at`, a moment within its fact's `valid` (always, if
//   that is left out): when what uses the term happened.
// - One for the term's organisation wins over one for any; of several the
//   latest logged. A mapping to nothing is one: the term has no published code,
//   and starts nothing.
//
// Give it facts that were logged by the time asked about and that stand
// (amendments.h), with what corrects them applied (corrections.h).
//
// Threads: safe once made. Failure: none.
#ifndef VIGIL_LIBS_SAFEGUARDING_TERMS_H_
#define VIGIL_LIBS_SAFEGUARDING_TERMS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/event/when.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::safeguarding {

struct TermsFact {
  std::string event_id;
  event::v1::TermsMapped mapped;
  absl::Time logged = {};
  // Orders what was logged at the same time.
  std::string topic = {};
  int32_t partition = 0;
  int64_t offset = 0;
};

class Terms {
 public:
  // Nothing is mapped.
  Terms() : Terms(std::vector<TermsFact>()) {}
  // In any order.
  explicit Terms(std::vector<TermsFact> facts);

  // The published code; empty if there is none. `organisation` ("police:43") is
  // whose term it is.
  std::string CodeOf(const event::v1::Concept& said, absl::string_view table,
                     absl::string_view organisation, absl::Time at) const;

  // What a mapping makes of the term: nothing if none knows it, an empty text
  // if one says that it has no published code.
  std::optional<std::string> MeaningOf(const event::v1::CodedTerm& term,
                                       absl::string_view table,
                                       absl::string_view organisation,
                                       absl::Time at) const;

  // Name "mapping"; version: the position of the newest fact,
  // "topic/partition/offset", or "none"; SHA-256 over the facts in the order in
  // which they were logged, of each the id and its canonical encoding
  // (libs/event/digest.h), as parts (libs/base/parts.h).
  const event::v1::Basis& basis() const { return basis_; }

 private:
  struct Meaning {
    std::string code;
    event::PossibleTimes valid;
  };
  // Whose, of which table, and either system and code or what it says.
  using Key = std::tuple<std::string, std::string, std::string, std::string,
                         std::string>;
  static Key KeyOf(absl::string_view organisation, absl::string_view table,
                   const std::string& system, const std::string& code,
                   const std::string& display);

  const Meaning* Find(const Key& key, absl::Time at) const;

  // Of no organisation: of any. The latest last.
  std::map<Key, std::vector<Meaning>> meanings_;
  event::v1::Basis basis_;
};

// The moment at which a word in a fact counts: when it can have happened at the
// earliest, as it stands in the chronology; `as_of` if nobody knows.
absl::Time MomentOf(const event::v1::When& occurred, absl::Time as_of);

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_TERMS_H_
