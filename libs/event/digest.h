// The digest of a request: what tells a repeat from another content under the
// same request id. The canonical encoding is also what a view's digest covers.
//
//   RequestDigest(request) = SHA-256(full name of the message, one zero byte,
//                                    canonical encoding)
//
// It is computed by clients too, in any language, and compared for ever; so the
// encoding is written out here and not left to a library's deterministic mode,
// which no two libraries agree on. It is the protobuf wire format, walked:
//
//   1. Fields in ascending order of their number, at every depth.
//   2. A field with presence (`optional`, a member of a oneof, a message) is
//      written if it is set, also when it holds zero or an empty text. A field
//      without presence is written unless it holds its default.
//   3. A repeated number, bool or enum is written packed, if not empty. Any
//      other repeated field is written as one field for each element.
//   4. A message is written as its length and its canonical encoding; one that
//      is set and empty has the length 0.
//   5. Text and bytes as given: no normalisation. Varints in their shortest
//      form; a negative int32, int64 or enum in ten bytes.
//   6. A request's digest leaves out every field named `validate_only`, so that
//      a request that was checked and then sent has one digest.
//   7. Unknown fields are not written (a request with any is refused,
//   unknown.h).
//
// A request has no map, float, double, Any or group, at any depth: these have
// no one encoding. Meeting one that is set is a mistake in a .proto file, which
// the lint of the protos finds first, and aborts.
//
// In a batch the digest is that of the inner request, not of the item.
// tests/wire holds vectors, and programs that agree with them in C++, Java,
// Python and Go.
//
// Threads: safe, as the messages are only read. Failure: none but the above.
#ifndef VIGIL_LIBS_EVENT_DIGEST_H_
#define VIGIL_LIBS_EVENT_DIGEST_H_

#include <string>

#include "google/protobuf/message.h"
#include "libs/base/hash.h"

namespace vigil::event {

Sha256Digest RequestDigest(const google::protobuf::Message& request);

// The canonical encoding, `validate_only` included: any protobuf parser reads
// it as the same message.
std::string CanonicalBytes(const google::protobuf::Message& message);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_DIGEST_H_
