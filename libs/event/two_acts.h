// Whether a statement's bytes hold more than one act.
//
//   Violations violations;
//   FindTwoActs(bytes, *Statement::descriptor(), &violations);
//   // {"act", "TWO_ACTS", ...}; of a batch {"statements[3].act", ...}
//
// A parser keeps the last of two acts, and makes one of two of the same kind,
// both in silence: half of what was said would be lost behind an OK. A parsed
// message shows no trace of it, so this looks at the bytes before. (In JSON the
// parser refuses both.)
//
// Threads: safe. Failure: none; bytes that are no message end the search, for
// the parser refuses them.
#ifndef VIGIL_LIBS_EVENT_TWO_ACTS_H_
#define VIGIL_LIBS_EVENT_TWO_ACTS_H_

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "libs/event/violation.h"

namespace vigil::event {

// `type` is that of the message: a Statement, a SubmitBatchRequest, or any
// other, in which there is nothing to find.
void FindTwoActs(absl::string_view bytes,
                 const google::protobuf::Descriptor& type,
                 Violations* violations);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_TWO_ACTS_H_
