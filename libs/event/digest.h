// Digests: of a message, of the parts of a statement, of a request. A request's
// digest is what tells a repeat from another content under the same request id,
// and what an originator's signature is over.
//
//   digest of a message = SHA-256(its full name, one zero byte,
//                                 its canonical encoding)
//   digest of a request = SHA-256(for each part of the statement, in the order
//                                 of field numbers and of lists:
//                                 the field's number as 4 bytes, highest first,
//                                 and the digest of the part, 32 bytes)
//
// The parts are the fields of Statement: submission, each of about, account,
// each involved, amends, informant, place, and the act. What is not set has no
// part. validate_only is none, so a statement that was checked and then sent
// has one digest.
//
// Parts, because they have separate fates: each event holds those of one child,
// and the digests of all (Header.parts). So what was said of one child is
// proved against the request's digest without what was said of another, and
// still when an informant or a place is withheld or its key destroyed. That is
// why these two are parts of their own and not within the account.
//
// The canonical encoding is computed by clients too, in any language, and
// compared for ever; so it is written out here and not left to a library's
// deterministic mode, which no two libraries agree on. It is the protobuf wire
// format, walked:
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
//   6. Unknown fields are not written (a request with any is refused).
//
// A request has no map, float, double, Any or group, at any depth: these have
// no one encoding. Meeting one that is set is a mistake in a .proto file, which
// the lint of the protos finds first, and aborts.
//
// tests/wire holds vectors, and programs that agree with them in C++, Java,
// Python and Go.
//
// Threads: safe, as the messages are only read. Failure: none but the above.
#ifndef VIGIL_LIBS_EVENT_DIGEST_H_
#define VIGIL_LIBS_EVENT_DIGEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "libs/base/hash.h"
#include "vigil/common/v1/statement.pb.h"
#include "vigil/event/v1/event.pb.h"

namespace vigil::event {

// One part of a statement, in its canonical encoding, which is also how it lies
// in the log.
struct StatementPart {
  uint32_t field = 0;  // its number in Statement
  uint32_t index = 0;  // in a list
  std::string bytes;
  Sha256Digest digest = {};
};

// In the order of the digest. The statement has no unknown field (check.h).
std::vector<StatementPart> PartsOf(const common::v1::Statement& statement);

Sha256Digest RequestDigest(absl::Span<const StatementPart> parts);
Sha256Digest RequestDigest(const common::v1::Statement& statement);

// From what an event holds of it (Header.parts) and the number of its kind,
// which the part of a discreet act does not tell.
Sha256Digest RequestDigest(
    const google::protobuf::RepeatedPtrField<v1::PartDigest>& parts,
    v1::Kind::KindCase act);

Sha256Digest MessageDigest(const google::protobuf::Message& message);

// The canonical encoding, by the rules above, of any message. Any protobuf
// parser reads it as the same message. PartsOf does not need it: of a message
// without unknown fields the generated code writes the same bytes, which a test
// holds against this.
std::string CanonicalBytes(const google::protobuf::Message& message);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_DIGEST_H_
