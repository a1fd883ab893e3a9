// How facts, requests and people are named. Everything here is for ever: two
// spellings of one name would be two facts, or two children.
//
// Every derived name is a hash over parts, each a 4-byte big-endian length and
// its bytes (libs/base/parts.h), so that no two lists of parts are alike.
// Ordinals are decimal text. The first part of each HMAC names its use, so that
// no two uses agree by chance. tests/wire holds vectors for clients in other
// languages.
#ifndef VIGIL_LIBS_EVENT_REFERENCE_H_
#define VIGIL_LIBS_EVENT_REFERENCE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::event {

// "police:43", as it enters sources and subject references.
std::string OrganisationText(const v1::Organisation& organisation);

// "//vigil/police/police:43": who asserts an event, through which writer.
std::string Source(absl::string_view writer, absl::string_view organisation);

// The parts of a source, or empty ones if it is none.
struct SourceParts {
  absl::string_view writer;
  absl::string_view organisation;
};
SourceParts ParseSource(absl::string_view source);

// The id of a submitted fact: a UUIDv5 in Vigil's own namespace over all that
// tells it from every other. The same request gives the same ids for ever, so a
// retry is always safe; `ordinal` counts from 0 among the facts of one request
// that have this type and subject.
std::string EventId(absl::string_view source, absl::string_view system,
                    absl::string_view request_id, absl::string_view subject,
                    absl::string_view type, uint32_t ordinal);

// The conversation that a request begins when its sender names none.
std::string ConversationRef(absl::string_view source, absl::string_view system,
                            absl::string_view request_id);

// `s1.<p|h|n>.<key id>.<HMAC>.<check>`: whether the text has that form and its
// check is that of the text before it. The check is the first 4 characters of
// the SHA-256 of that text in base64url: of sixteen million mistyped references
// one passes.
bool IsSubjectReference(absl::string_view text);

// "police:43": the subject of what is said about an organisation.
bool IsOrganisationText(absl::string_view text);

// The key id within a reference of that form; empty of any other text.
absl::string_view KeyIdOf(absl::string_view subject_reference);

// Whether it is of somebody, or a household, known by number in one record
// only: no candidate of a search until a link says who that is.
bool IsNumbered(absl::string_view subject_reference);

enum class SubjectKind { kPerson, kHousehold };

// The secret with which one writer names people and requests: whoever reads the
// log without it cannot test a guess. Made once for each writer, in a file of
// mode 0600 that also holds a check value (naming_key_file.h).
class NamingKey {
 public:
  // `id` stands in each reference; `secret` is 32 random bytes.
  NamingKey(std::string id, std::string secret);

  const std::string& id() const { return id_; }
  const std::string& secret() const { return secret_; }

  // HMAC of a constant: tells whether two holders have the same key.
  std::string CheckValue() const;

  // Somebody as one system of an organisation knows them. The id exactly as
  // given.
  std::string Subject(SubjectKind kind, absl::string_view organisation,
                      absl::string_view system,
                      absl::string_view local_id) const;

  // Somebody whom no system knows, by the number that the sender gives and
  // keeps in every version of its record.
  std::string NumberedSubject(SubjectKind kind, absl::string_view organisation,
                              absl::string_view record_system,
                              absl::string_view record_id,
                              uint32_t number) const;

  // Names a request without telling what it was. `digest` is its 32 bytes; a
  // plain hash would confirm guesses of the content for ever.
  std::string RequestKey(absl::string_view source, absl::string_view system,
                         absl::string_view request_id) const;
  std::string RequestDigest(absl::string_view digest) const;

  // Names a sender's own record, without its version: equal for all that one
  // organisation says of one record through one writer.
  std::string Record(absl::string_view organisation, absl::string_view system,
                     absl::string_view id) const;

 private:
  std::string Reference(char letter, absl::string_view bytes) const;
  std::string Mac(absl::string_view bytes) const;

  std::string id_;
  std::string secret_;
};

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_REFERENCE_H_
