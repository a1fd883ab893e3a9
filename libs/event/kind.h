// What each kind of fact is to Vigil: one table, which decides about each.
//
//   const KindTraits& traits = TraitsOf(KindOf(envelope.type));
//
//   if (traits.role == KindRole::kEntry) ...
//
// It is a switch over Kind::KindCase without a default: a new kind does not
// compile before somebody has decided here what it is. Whoever needs to know
// more about kinds adds a column, never a switch of its own.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_LIBS_EVENT_KIND_H_
#define VIGIL_LIBS_EVENT_KIND_H_

#include <string>

#include "absl/strings/string_view.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::event {

// Where a fact belongs in a record.
enum class KindRole {
  kEntry,       // something that happened or was said: a row
  kAboutEntry,  // something about an entry, shown beside it
  kLink,        // who is who
  kRevocation,  // cancels a link or a separation
  kDirectory,   // about organisations and how they work together
  kNotice,      // somebody must be told
  kView,        // an answer that was given
  kNamingKey,
};

// Whom a statement of it is about.
enum class KindAbout {
  kSubjects,  // those in Statement.about
  kEntry,     // those, or if there are none the subject of the entry it names
  kNamed,     // those whom the act, or an entry in it, names itself;
              // Statement.about is left out
};

struct KindTraits {
  absl::string_view label;  // in plain words: "Concern raised"
  KindRole role = KindRole::kEntry;
  KindAbout about = KindAbout::kSubjects;
  // What it is to the entries that it names (EntryRef), but where a field says
  // otherwise (vigil/event/v1/rules.proto).
  v1::Manner manner = v1::MANNER_ANSWERS;
  // Of a sensitive service (F47), or an allegation against somebody who works
  // with children (R111): its type and all that stands unsealed are neutral,
  // and every section but CLEAR is restricted.
  bool discreet = false;
  // Only a coordinator's system, through the hub, may say it.
  bool hub_only = false;
};

// Of a kind that is not known here (KIND_NOT_SET) an entry, with no label.
const KindTraits& TraitsOf(v1::Kind::KindCase kind);

// The kind whose message has this full name; KIND_NOT_SET if none has. The type
// of a discreet kind is not its message's name (kDiscreetType), and names none.
v1::Kind::KindCase KindOf(absl::string_view type);

// The full name of a kind's message; empty of KIND_NOT_SET.
absl::string_view MessageNameOf(v1::Kind::KindCase kind);

// "vigil.event.v1.DiscreetEntry": the type of every discreet kind.
inline constexpr absl::string_view kDiscreetType =
    "vigil.event.v1.DiscreetEntry";

// What an event of that kind has as its type: its message's name, or
// kDiscreetType.
absl::string_view TypeOf(v1::Kind::KindCase kind);

// Whether an event may have this type, as far as this build knows.
bool IsKnownType(absl::string_view type);

// The type in plain words; of a type that is not known here, words made from
// its own name.
std::string LabelOf(absl::string_view type);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_KIND_H_
