// What a request holds that this server does not know.
//
// A newer client against an older server would otherwise lose content behind an
// OK: the protobuf parser skips what it does not know. So a field that is not
// in the .proto file, or an enum value without a name, refuses the request.
//
//   Violations violations;
//   FindUnknown(request, &violations);
//   // {"children[0].demographics.77", "UNKNOWN_FIELD", ...}
//   // {"children[0].demographics.sex", "UNKNOWN_ENUM_VALUE", ...}
//
// An unknown field is named by its number, since it has no name here. A message
// that arrives as JSON is refused by the JSON parser for the same reasons.
//
// Threads: safe, as the message is only read.
#ifndef VIGIL_LIBS_EVENT_UNKNOWN_H_
#define VIGIL_LIBS_EVENT_UNKNOWN_H_

#include "google/protobuf/message.h"
#include "libs/event/violation.h"

namespace vigil::event {

// Adds a violation for every unknown field and unknown enum value at any depth.
void FindUnknown(const google::protobuf::Message& message,
                 Violations* violations);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_UNKNOWN_H_
