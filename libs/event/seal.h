// Turns what a writer means to say into the bytes that will lie in the log.
//
//   std::vector<Draft> drafts = ...;
//   std::vector<Sealed> sealed = Seal(std::move(drafts), request);
//
// An event is serialised here, once. Retries and relays move these bytes, never
// the message: equal messages serialise differently. A draft holds its sections
// serialised already: the same bytes that were hashed (digest.h) enter the log.
//
// Threads: safe. Failure: a draft without a kind or a key is our own mistake,
// and ends the process.
#ifndef VIGIL_LIBS_EVENT_SEAL_H_
#define VIGIL_LIBS_EVENT_SEAL_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::event {

// The classes of the sharing policy that a section can belong to.
inline constexpr absl::string_view kStandard = "standard";
inline constexpr absl::string_view kRestricted = "restricted";

// A section besides CLEAR, not yet in an event.
struct DraftSection {
  v1::Part part = v1::PART_UNSPECIFIED;
  std::string whose = {};  // of PERSON; of any other Seal fills it in
  bool restricted = false;
  std::string bytes = {};  // the part's message, serialised
};

// One fact, not yet an event.
struct Draft {
  // The subject's reference or organisation, and the log record's key. Empty
  // for facts that have no subject (a view, a naming key), which name their
  // `key` instead.
  std::string subject = {};
  std::string key = {};
  // Of whom, as a path of the statement, for its receipt.
  std::string field = {};
  v1::Kind::KindCase kind = v1::Kind::KIND_NOT_SET;
  // `type` is set by Seal.
  v1::ClearPart clear = {};
  // In the order in which they shall lie. Of a discreet kind Seal restricts
  // them all.
  std::vector<DraftSection> sections = {};
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
  // Of the log record, under names that no CloudEvents library takes for binary
  // mode: "vigil-id", "vigil-type", "vigil-time"; beside them "content-type",
  // which says structured mode, and "traceparent".
  std::vector<std::pair<std::string, std::string>> headers;
};

// The events of one request, in the drafts' order.
std::vector<Sealed> Seal(std::vector<Draft> drafts, const Request& request);

// One event with an id of the caller's: a RecordViewed, whose id is the view
// id.
Sealed SealWithId(Draft draft, const Request& request, std::string id);

// The section of a message; of a Kind, the one that sets Draft::kind.
DraftSection SectionOf(v1::Part part, const google::protobuf::Message& message);

// A fact of Vigil's own: its kind, and a CLEAR that says who asserts it.
Draft OwnDraft(const v1::Kind& kind);

// A time as section CLEAR tells it: without the sender's words, and of a birth
// (`year_alone`) no more than the year.
v1::When ClearTime(const v1::When& when, bool year_alone = false);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_SEAL_H_
