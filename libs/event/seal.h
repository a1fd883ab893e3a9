// Turns what a writer means to say into the bytes that will lie in the log.
//
//   std::vector<Draft> drafts = ...;            // from a vocabulary
//   std::vector<Sealed> sealed = Seal(std::move(drafts), request);
//
// An event is serialised here, once. Retries and relays move these bytes, never
// the message: equal messages serialise differently.
#ifndef VIGIL_LIBS_EVENT_SEAL_H_
#define VIGIL_LIBS_EVENT_SEAL_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::event {

// One fact, not yet an event. `header.label` is set by Seal, from the kind; of
// a discreet kind, what the header must not tell is moved to `kind.header`.
struct Draft {
  // The child's reference, and the log record's key. Empty for facts that have
  // no subject (a view, a naming key), which name their `key` instead.
  std::string subject;
  std::string key;
  v1::Header header;
  v1::Kind kind;
  std::optional<v1::People> people;
  std::optional<v1::Informant> informant;
  std::optional<v1::Place> place;
};

// What all events of one request have in common.
struct Request {
  std::string source;  // reference.h
  std::string system;  // of the register
  std::string request_id;
  std::string request_key;  // HMACs, reference.h; empty for Vigil's own facts
  std::string request_digest;
  std::string traceparent;  // W3C, or empty
  absl::Time received;      // becomes CloudEvents `time`, in milliseconds
};

struct Sealed {
  std::string id;
  std::string type;  // "vigil.event.v1.ConcernRaised"
  std::string subject;
  std::string key;    // of the log record
  std::string value;  // the CloudEvent
  std::vector<std::pair<std::string, std::string>> headers;
};

// The events of one request, in the drafts' order. Every draft must have a kind
// and a subject or key (else it is our own mistake, and the process ends).
std::vector<Sealed> Seal(std::vector<Draft> drafts, const Request& request);

// One event with an id of the caller's: a RecordViewed, whose id is the view
// id.
Sealed SealWithId(Draft draft, const Request& request, std::string id);

// The full name of the kind's message; empty if none is set.
std::string TypeOf(const v1::Kind& kind);

// Whether it is the type of a discreet kind: a sensitive service's contact
// (F47), an allegation against somebody who works with children (R111). The
// header tells only that it happened, besides system and references, and every
// other section is restricted.
bool IsDiscreet(absl::string_view type);

// The kind in plain words, for every type that this build knows: "Concern
// raised". For others, words made from the type's own name.
std::string LabelOf(const std::string& type);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_SEAL_H_
