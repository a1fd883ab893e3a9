// Named limits of the contract, each with its reason. A limit of one library
// alone stands in that library.
//
// "Characters" are Unicode characters (code points; utf8.h counts them). What
// is over a limit is refused, with a violation, and never cut: half a sentence
// about a child is another sentence.
#ifndef VIGIL_LIBS_BASE_LIMITS_H_
#define VIGIL_LIBS_BASE_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace vigil {

// A request id: room for a UUID in any of its spellings, or a system's own
// number; it is hashed into ids and kept with each receipt.
inline constexpr size_t kMaxRequestIdCharacters = 64;

// A summary is what one row of a chronology shows.
inline constexpr size_t kMaxSummaryCharacters = 500;

// Details are what a professional would read in full: about ten pages. At four
// bytes each they are 80 KB, far below what a log takes in one record.
inline constexpr size_t kMaxDetailsCharacters = 20'000;

// Requests in one SubmitBatch: enough that the call's own cost vanishes, few
// enough that every outcome is known within a deadline.
inline constexpr size_t kMaxBatchRequests = 500;

// Bytes in one call, a batch too: gRPC's default for a received message, so
// that clients in every language agree without a setting.
inline constexpr size_t kMaxBatchBytes = 4u << 20;

// Events of one request: a large family, and a dozen things noticed about each
// of them. More is another request, and a small request must not cost much.
inline constexpr size_t kMaxRequestEvents = 100;

// Bytes of all events of one request: what is said of many people stands in the
// event of each child, so a small request must not become a large one.
inline constexpr size_t kMaxStatementBytes = 4u << 20;

// Events of one call, a batch too: each is named in the answer, by about 200
// bytes, and the answer must fit into what clients accept (kMaxBatchBytes), or
// they would never learn what was stored. Ten for each request of a full batch.
inline constexpr size_t kMaxCallEvents = 5'000;

// Persons and households named in one call, a batch too: each is in the answer
// with its reference, for the same reason.
inline constexpr size_t kMaxCallNames = 10'000;

// Warnings in one receipt, for the same reason; nobody looks at more.
inline constexpr size_t kMaxReceiptWarnings = 10;

// Violations listed in one refusal; the count of the rest is said.
inline constexpr size_t kMaxViolations = 50;

// A status travels in HTTP/2 trailers, which gRPC limits to 8 KB in all; the
// rest is room for the message and other metadata.
inline constexpr size_t kMaxStatusBytes = 6u << 10;

// Applied where the caller set none: a call that waits for ever holds memory
// for ever.
inline constexpr absl::Duration kDefaultDeadline = absl::Seconds(30);

// How long a writer remembers a request, at least: longer than any queue of a
// sender is away. A repeat after that gets the same event ids and a new
// receipt.
inline constexpr absl::Duration kRequestMemory = absl::Hours(30 * 24);

// How long the log has to take an event (and at most half of what remains of
// the caller's deadline) before the outbox takes it: what a person at a screen
// will wait for.
inline constexpr absl::Duration kAcceptAfter = absl::Seconds(1);

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_LIMITS_H_
