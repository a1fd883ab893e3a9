// A chronology as a timeline for a terminal.
//
//   std::cout << Timeline(answer, asked, {.width = 80, .colour = true});
//
// Every fact of row_text.h, wrapped to the width; nothing that a sender wrote
// can move the cursor (words.h). Pure: the same answer gives the same text.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_TOOLS_VIGIL_TIMELINE_H_
#define VIGIL_TOOLS_VIGIL_TIMELINE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "tools/vigil/row_text.h"
#include "vigil/chronology/v1/chronology.pb.h"

namespace vigil::cli {

struct TimelineOptions {
  size_t width = 80;
  bool colour = false;  // ANSI; what colour says, words say too
};

// Narrower terminals are written to as if they had this width.
inline constexpr size_t kMinTimelineWidth = 40;
// Prose in longer lines is hard to read.
inline constexpr size_t kMaxTimelineWidth = 110;

std::string Timeline(const chronology::v1::GetChronologyResponse& answer,
                     const Asked& asked, const TimelineOptions& options);

// One entry alone, as it stands in the timeline.
std::string TimelineEntry(const chronology::v1::Row& row,
                          const TimelineOptions& options);

// "Name            value", the value wrapped beside its name.
std::string NamedLine(absl::string_view name, absl::string_view value,
                      size_t indent, const TimelineOptions& options);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_TIMELINE_H_
