// Reads an event back from its bytes.
//
//   absl::StatusOr<Envelope> event = Scan(record.value);   // cheap: views only
//   absl::StatusOr<v1::ClearPart> clear =
//   event->Open<v1::ClearPart>(v1::PART_CLEAR);
//
// Scan walks the wire bytes and copies nothing: parsing a CloudEvent's
// attribute map alone costs more than all that a fold needs. Sections are
// parsed one by one, by whoever needs them.
#ifndef VIGIL_LIBS_EVENT_OPEN_H_
#define VIGIL_LIBS_EVENT_OPEN_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "vigil/event/v1/event.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::event {

struct SectionView {
  v1::Part part = v1::PART_UNSPECIFIED;
  absl::string_view whose;
  absl::string_view audience;
  absl::string_view key_id;  // empty: not sealed
  absl::string_view nonce;
  absl::string_view bytes;
};

// Views into the bytes that were scanned: valid as long as those are.
struct Envelope {
  absl::string_view id;
  absl::string_view source;
  absl::string_view type;
  absl::string_view subject;  // empty: none
  absl::string_view partition_key;
  absl::Time received;
  absl::string_view request_key;  // empty: none
  absl::string_view request_digest;
  uint32_t request_index = 0;
  uint32_t request_count = 0;  // 0: not of a request
  std::vector<SectionView> sections;

  // The first section of that part, or nullptr.
  const SectionView* Find(v1::Part part) const;

  // Section PERSON of that person or household, or nullptr.
  const SectionView* FindPerson(absl::string_view whose) const;

  // Reads a section. FAILED_PRECONDITION if it is sealed, which, as long as
  // nobody holds keys here, is to a reader as if its key had been destroyed;
  // DATA_LOSS if its bytes are not that message.
  absl::Status Open(const SectionView& section,
                    google::protobuf::Message* message) const;

  // The first section of that part. NOT_FOUND if there is none.
  absl::Status Open(v1::Part part, google::protobuf::Message* message) const;

  template <typename M>
  absl::StatusOr<M> Open(v1::Part part) const {
    M message;
    if (const absl::Status status = Open(part, &message); !status.ok()) {
      return status;
    }
    return message;
  }

  // The kind, checked against `type`. UNIMPLEMENTED if this build does not know
  // the kind (CLEAR and HEADER still show the entry); DATA_LOSS if type and
  // kind disagree.
  absl::StatusOr<v1::Kind> OpenKind() const;
};

// DATA_LOSS if the bytes are not an event: not a CloudEvent 1.0, no id, source,
// type, time or data, or data whose first section is not
// CLEAR, or whose CLEAR is sealed.
absl::StatusOr<Envelope> Scan(absl::string_view value);

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_OPEN_H_
