// Everything about a request that can be told without knowing any other: what a
// writer's pipeline does first.
//
//   Violations violations;
//   Warnings warnings;
//   CheckRequest(statement, received, &violations, &warnings);
//   if (!violations.empty()) return Refused(violations);
//   ... receipt.warnings from `warnings`
//
// One walk through the request finds all violations at once, in the order of
// the fields, so that a sender corrects a request in one go:
//
//   - what breaks a rule that stands in the .proto files (schema.h), which a
//     client can find before it sends;
//   - unknown fields and enum values, at any depth: a newer client against an
//     older server would otherwise lose content behind an OK, for the protobuf
//     parser skips what it does not know. An unknown field is named by its
//     number, since it has no name here. (What arrives as JSON is refused by
//     the JSON parser for the same reasons.)
//   - what only the server can find (server_rules.h): times in the future,
//     check digits, published codes, what contradicts itself.
//
// A request is a Statement, a batch of them, or a question: any message of an
// rpc. What does not stand in a message once it is parsed, a second act, is
// found in its bytes (two_acts.h). Whether the caller may speak for the
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
