// What a statement becomes: for each subject that it is about, a fact of its
// act, and then one for each observation beside that subject.
//
//   Drafting drafting = DraftsOf(statement, parts, context, &violations);
//   if (!violations.empty()) return InvalidRequest(violations);
//   Seal(std::move(drafting.drafts), request);
//
// It names everybody: each person and household of the statement gets its
// reference here, those who are only involved too, and an entry is found by the
// subject that it stands under. It decides what stands in section CLEAR, which
// is never sealed, and what in which other section
// (vigil/event/v1/event.proto).
//
// Threads: safe. Failure: none; what cannot be named is a violation.
#ifndef VIGIL_LIBS_SERVICE_DRAFTS_H_
#define VIGIL_LIBS_SERVICE_DRAFTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "libs/event/digest.h"
#include "libs/event/naming_key_file.h"
#include "libs/event/seal.h"
#include "libs/event/violation.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::service {

// How many events a statement makes, well formed or not.
size_t EventsOf(const common::v1::Statement& statement);

// How many persons and households it names.
size_t NamesOf(const common::v1::Statement& statement);

struct DraftingContext {
  const event::NamingKeys& keys;
  // May file facts under subjects that others named: a coordinator's system,
  // through the hub.
  bool any_subject = false;
  std::string system = {};            // of the register
  std::string conversation_ref = {};  // in effect
};

struct Drafting {
  std::vector<event::Draft> drafts;
  // Whom each path names, for the receipt: all but the informant.
  std::vector<event::v1::Named> named;
  // One subject under two references: as it was named before by a former key,
  // and as it is named now.
  struct Renaming {
    std::string from;
    std::string to;
  };
  std::vector<Renaming> renamings;
};

// `parts` are those of the statement (digest.h). A statement that check.h finds
// nothing wrong with; violations are added for a subject that is not the
// sender's to speak of, one named twice, and one that cannot be told.
Drafting DraftsOf(const common::v1::Statement& statement,
                  absl::Span<const event::StatementPart> parts,
                  const DraftingContext& context,
                  event::Violations* violations);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_DRAFTS_H_
