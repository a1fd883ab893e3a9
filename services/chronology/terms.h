// Terms of agencies that stand where a published code could, and what the hub
// says that they mean: nothing is silently without a meaning. Names no child,
// and tells no word of a sensitive service (projection.h).
//
//   v1::ListTermsResponse response;
//   absl::Status listed = ListTerms(snapshot, request, now, &response);
//
// Threads: safe. Failures: the status, as the caller of the rpc gets it.
#ifndef VIGIL_SERVICES_CHRONOLOGY_TERMS_H_
#define VIGIL_SERVICES_CHRONOLOGY_TERMS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/projection/snapshot.h"
#include "libs/safeguarding/terms.h"
#include "services/chronology/facts.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::chronology {

// Terms of a page, where the request does not say.
inline constexpr int kTermsOnPage = 100;

// What the hub said in facts of this kind and still stands, as its corrections
// put it right: mappings, calendars, settings. The first logged first.
struct Stated {
  Fact fact;
  event::v1::Kind kind;
};
std::vector<Stated> StandingOf(Facts& facts, absl::string_view kind);

// What terms mean, by all mappings that these facts know.
safeguarding::Terms TermsIn(Facts& facts);

// `now` is when mappings are read at, where the request does not say when.
absl::Status ListTerms(std::shared_ptr<const projection::Snapshot> snapshot,
                       const v1::ListTermsRequest& request, absl::Time now,
                       v1::ListTermsResponse* response);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_TERMS_H_
