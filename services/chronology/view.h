// What a reader sees: rows of facts, in order, a page at a time, and how
// complete they are.
//
//   std::vector<Line> lines = Arrange(child, question);   // filtered, in order
//   v1::Row row = RowOf(child, lines[i], asking);
//
// Pure: a function of the facts and the question, so that what was once shown
// can be shown again from the same facts.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_SERVICES_CHRONOLOGY_VIEW_H_
#define VIGIL_SERVICES_CHRONOLOGY_VIEW_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/projection/runner.h"
#include "services/chronology/child.h"
#include "vigil/chronology/v1/chronology.pb.h"
#include "vigil/event/v1/kinds.pb.h"

namespace vigil::chronology {

// One line to be: an item of the child, or a record that cannot be opened.
struct Line {
  // When it happened, then its place in the log: no two are equal.
  std::string key;
  const Item* item = nullptr;  // nullptr: `held`
  const Child::Held* held = nullptr;

  // The event id, or the record's place in one text.
  std::string id() const;
  // What a view calls it, without how far it was shown.
  event::v1::ShownEntry shown() const;
};

// The id's 16 bytes; of what has no such id its place.
event::v1::ShownEntry ShownAs(absl::string_view event_id,
                              const eventlog::Position& position);

// The lines that the question asks for, in its order. Of the request only the
// filters and the order are read. What cannot be told of a line (the kind of a
// record that cannot be opened) hides it from nobody.
std::vector<Line> Arrange(const Child& child,
                          const v1::GetChronologyRequest& question);

v1::Row RowOf(const Child& child, const Line& line, const Asking& asking);

// VISIBILITY_UNSPECIFIED for nothing.
event::v1::Visibility AsShown(safeguarding::Visibility visibility);

// The linked subjects of an answer, with the version of their set and what a
// reviewer should know.
void SetSubjects(const safeguarding::Identity& identity,
                 v1::GetChronologyResponse* response);

// Who is known to be what to this child.
void SetTies(const Child& child, v1::GetChronologyResponse* response);

// What other content came under the ids and requests of its links.
void SetLinkConflicts(const Child& child, const Asking& asking,
                      v1::GetChronologyResponse* response);

// What stands beside the facts in every statement of completeness.
struct Standing {
  projection::RunnerStatus runner;
  absl::Time now;
  // The writers' topics that the index reads, and how many partitions each has.
  std::map<std::string, size_t> topics;
};

// How complete an answer from these facts is, in fields and in words. `child`
// may be nullptr (a list of candidates). For an asker that does not see the
// combined record it says nothing that its own facts do not.
v1::Completeness CompletenessOf(const Facts& facts, const Asking& asking,
                                const Child* child, const Standing& standing);

// The sources that an index knows: every events topic that it reads.
std::vector<v1::SourceState> SourceStates(const Facts& facts,
                                          const Standing& standing);

event::v1::Position ToProto(const eventlog::Position& position);
event::v1::Positions ToProto(const projection::Positions& positions);
// Nothing if it names a partition twice, or a negative number.
std::optional<projection::Positions> FromProto(
    const event::v1::Positions& positions);
void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp);
absl::Time ToTime(const google::protobuf::Timestamp& timestamp);

}  // namespace vigil::chronology

#endif  // VIGIL_SERVICES_CHRONOLOGY_VIEW_H_
