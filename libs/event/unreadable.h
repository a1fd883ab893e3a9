// Why no parser takes the bytes of a request.
//
// A proto3 parser refuses a message for one text that is not UTF-8, and does
// not say which. So, where it has refused:
//
//   Violations violations;
//   FindUnreadable(*request.GetDescriptor(), bytes, &violations);
//   // {"account.headline", "TEXT_NOT_UTF8", ...}
//   // {"children[1].demographics", "BYTES_INVALID", ...}
//
// Threads: safe.
#ifndef VIGIL_LIBS_EVENT_UNREADABLE_H_
#define VIGIL_LIBS_EVENT_UNREADABLE_H_

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "libs/event/violation.h"

namespace vigil::event {

// Adds a violation for every text that is not UTF-8, and for every message that
// breaks off. None is found in what can be parsed.
void FindUnreadable(const google::protobuf::Descriptor& type,
                    absl::string_view bytes, Violations* violations);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_UNREADABLE_H_
