// The value in force: what an entry says once its corrections are applied.
//
//   Content original = ReadContent(envelope, may_read);
//   std::vector<Content> corrections = ...;     // of EntryState::corrections
//   const InForce now = Correct(original, corrections);
//   now.content.account->summary();
//
// A correction is the act said again. Of it only the fields count that it names
// (Amends.fields, paths of the statement):
//
//   "account.summary"           that field; named and empty is emptied
//   "place", "account"          a message is replaced whole
//   "account.documents"         a list too, also by a path that leads into it
//   "referral_decided.outcome"  of the act
//   "about.seen.own_words"      of the person whom the entry is about, if the
//                               correction is about the same
//   "involved.role"             of each who is given, matched by reference: who
//                               is not given stays as they were, a new one is
//                               added
//   "submission.incident_refs"
//
// The later logged wins, field by field. References are never corrected; those
// that are one by a renaming match. Ties lead to the same persons as in the
// correction, though it counts them in an order of its own. Supplements are
// never applied: they are shown beside.
//
// Threads: safe. Failure: none. What cannot be read is not guessed: a field
// that a correction names whose value is destroyed or withheld is emptied and
// listed, since the old value was said to be wrong. (Times and `history` are
// then those of section CLEAR.)
#ifndef VIGIL_LIBS_SAFEGUARDING_CORRECTIONS_H_
#define VIGIL_LIBS_SAFEGUARDING_CORRECTIONS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/event/open.h"
#include "libs/safeguarding/renamings.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/parts.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::safeguarding {

// A fact in the shape of the statement that it came from, as far as whoever
// asks can read it.
struct Content {
  struct Person {
    std::string whose;  // the reference
    // Nothing: not readable.
    std::optional<event::v1::PersonPart> part;
  };

  std::string subject;  // that the event stands under
  event::v1::ClearPart clear;
  // Nothing: not said, or not readable (`unreadable`).
  std::optional<event::v1::Submission> submission;
  std::optional<event::v1::Account> account;
  std::optional<event::v1::Amends> amends;
  std::optional<event::v1::Kind> kind;
  std::optional<event::v1::Informant> informant;
  std::optional<event::v1::Place> place;
  // One for each section PERSON; the subject's own, if there is one, first.
  std::vector<Person> persons;
  // The references of all whom the statement is about, by their places in it,
  // as ties name them (Tie.about); as far as they can be told.
  std::map<uint32_t, std::string> abouts;
  // Parts that are there and not readable: sealed, withheld, or not that
  // message. HEADER holds submission, account and amends.
  std::vector<event::v1::Part> unreadable;

  // What it is about, or nullptr.
  const event::v1::About* about() const;
};

// The sections that `may_read` lets pass. An envelope that has no readable
// CLEAR gives one of which nothing is known.
Content ReadContent(
    const event::Envelope& envelope,
    absl::FunctionRef<bool(const event::SectionView&)> may_read);

struct InForce {
  Content content;
  // Paths that a correction names and whose right value cannot be read.
  std::vector<std::string> unreadable;
};

// `corrections` in the order in which they were logged: those that count
// (amendments.h).
InForce Correct(const Content& original, absl::Span<const Content> corrections,
                const Renamings& renamings = {});

// Whether naming `field` is to name `path`: the same, a part of it, or what it
// is in. "act", as section CLEAR says it of a discreet kind, is every act.
bool Concerns(absl::string_view field, absl::string_view path);

// Whether this is a correction that concerns the path: "about.person",
// "submission.incident_refs". From CLEAR alone; of a discreet kind it may say
// so of a path whose part alone is named there.
bool Corrects(const event::v1::ClearPart& clear, absl::string_view path);

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_CORRECTIONS_H_
