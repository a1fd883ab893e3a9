// Everything about a request that can be told without knowing any other: what a
// writer's pipeline does first.
//
//   Violations violations;
//   Warnings warnings;
//   CheckRequest(request, received, &violations, &warnings);
//   if (!violations.empty()) return Refused(violations);
//   ... receipt.warnings from `warnings`
//
// All violations are found at once, in the order of the fields, so that a
// sender corrects a request in one go:
//
//   - unknown fields and enum values, at any depth (unknown.h);
//   - what is required, how long texts and lists may be, the form of a text
//     (field_rules.h); text is UTF-8 without control characters;
//   - a choice (a oneof) that was not made;
//   - times (when.h, birth.h): well formed, and not in the future where that is
//     absurd. A step that is planned or cancelled (Stage) may lie ahead, and so
//     may what a correction or supplement says of one;
//   - identifiers, organisations, subject references, event ids;
//   - what contradicts itself: a death before the birth, an end before the
//     beginning, one child named twice, one on both sides of a separation.
//
// It stores nothing and asks nobody: whether the caller may speak for the
// organisation is the register's business, and whether a request id was used
// before that of the writer's memory.
//
// Threads: safe, as the request is only read. Failure: none; whatever a client
// can send is a violation.
#ifndef VIGIL_LIBS_EVENT_CHECK_H_
#define VIGIL_LIBS_EVENT_CHECK_H_

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/event/violation.h"

namespace vigil::event {

// `received` is when the request arrived, by the server's clock.
void CheckRequest(const google::protobuf::Message& request, absl::Time received,
                  Violations* violations, Warnings* warnings);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_CHECK_H_
