// Questions about children, answered from one snapshot.
//
//   absl::StatusOr<Asking> asking = Admit(caller, request.asking());
//   View view;
//   absl::Status answered = Answer(question, request, &response, &view);
//   ... append `view`, then answer with the status and the response
//
// A read is also a fact: Answer fills `view` whenever what it answers says
// something about a child, "not found" among it, and the caller appends it
// before it answers. If that names no rpc, nothing was said.
//
// Everything here is a function of the snapshot and the question: what a view
// showed is shown again by asking the same at its positions.
//
// It says which judgements were shown, and what they rested on
// (RecordViewed.judgements):
//
//   rule          result                    evidence
//   significance  Significance of a row     the entry, the judgement
//   state         RowState, unless CURRENT  the entry, what counts of its
//                                           corrections or withdrawals
//   identity      LINK_KIND_RULE, of each   none
//                 subject that is so linked
//   match         a reason of a candidate   none
//                 (REASONS.md)
//
// The evidence of a notice is the entry alone, as its row is; a record that
// cannot be opened has no id. The view's digest does not cover them.
//
// Threads: safe. Failures: the status, as the caller of the rpc gets it.
#ifndef VIGIL_SERVICES_CHRONOLOGY_QUERIES_H_
#define VIGIL_SERVICES_CHRONOLOGY_QUERIES_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/projection/snapshot.h"
#include "libs/service/caller.h"
#include "services/chronology/child.h"
#include "services/chronology/view.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::chronology {

// Rows of a page, where the request does not say.
inline constexpr int kRowsOnPage = 50;
// Candidates of a find, where the request does not say.
inline constexpr int kCandidatesOnPage = 20;
// Subjects that one word of a name may find: a word that begins the names of
// more than this is no use to whoever looks.
inline constexpr size_t kMaxFoundForWord = 5'000;
// Subjects that one find compares, and that one date or identifier may find;
// the best are told. Whatever is left out, the answer says that there is more.
inline constexpr size_t kMaxCompared = 1'000;
// Records in one message of a replay, and bytes: far below what a client takes.
inline constexpr size_t kReplayBatchRecords = 100;
inline constexpr size_t kReplayBatchBytes = size_t{1} << 20;

// INVALID_ARGUMENT with all that is wrong with a request, whatever it asks:
// fields (libs/event/check.h), a find that looks for nothing, and a filter by
// a writer that is none of `writers` or by a type that no event has: it would
// look like an empty record.
absl::Status CheckQuestion(const google::protobuf::Message& request,
                           absl::Time now,
                           const std::vector<std::string>& writers);

// INVALID_ARGUMENT if a replay is to begin in a topic that it does not read, or
// in a partition that the topic does not have: taken for nothing, it would
// begin at the beginning. `topics`: those that it reads, with how many
// partitions.
absl::Status CheckFrom(const event::v1::Positions& from,
                       const std::map<std::string, size_t>& topics);

// PERMISSION_DENIED if the system may not speak for that organisation, or may
// ask nothing about children; INVALID_ARGUMENT if it must say for whom it asks.
absl::StatusOr<Asking> Admit(const service::Caller& caller,
                             const v1::Asking& asking);

// Who is asking, and of which state of knowledge.
struct Question {
  Asking asking;
  std::string system;  // of the register
  std::shared_ptr<const projection::Snapshot> snapshot;
  Standing standing;
  std::string software_version;
};

// An answer as a fact: sections KIND and QUESTION of its event.
struct View {
  event::v1::RecordViewed viewed;
  event::v1::Question question;
};

absl::Status Answer(const Question& question, const v1::FindRequest& request,
                    v1::FindResponse* response, View* view);
absl::Status Answer(const Question& question,
                    const v1::GetChronologyRequest& request,
                    v1::GetChronologyResponse* response, View* view);
absl::Status Answer(const Question& question,
                    const v1::GetEntryRequest& request,
                    v1::GetEntryResponse* response, View* view);

// The records of one child as they came into the log, from where the request
// says; each answer a batch and its view. Also those that cannot be opened, and
// those that the asker may not have whole: their places without their bytes.
struct Batch {
  v1::ReplayResponse response;
  View view;
};
absl::StatusOr<std::vector<Batch>> ReplayChild(
    const Question& question, const v1::ReplayRequest& request);
// The view of a batch of a topic's records.
View ViewOfBatch(const Question& question, const v1::ReplayRequest& request,
                 const v1::ReplayResponse& response);

// What must be in the index before the question is answered: the positions
// that the request names, those that its page token was given at, and whether
// its event ids are there.
projection::Positions WantedPositions(const v1::AsOf& as_of,
                                      const v1::AtLeast& at_least);
projection::Positions PositionsOfPage(const std::string& page_token);
bool HasEvents(const std::shared_ptr<const projection::Snapshot>& snapshot,
               const Asking& asking, const v1::AtLeast& at_least);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_QUERIES_H_
