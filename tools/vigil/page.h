// A chronology as one HTML page that prints: for a conference, a court bundle.
//
//   WriteFileAtomically(path, Page(answer, asked), kOwnerOnly);
//
// Self-contained: no script, no font, no image, no request to anywhere (its own
// policy forbids them). One table with a caption and headers with a scope, as
// the GOV.UK design system asks; the head of the table, with view id, as-at and
// purpose, is repeated on each printed page. Every fact of row_text.h is on it,
// escaped; of the entries of the same incident, how many. Pure: the same answer
// gives the same bytes.
//
// Threads: safe. Failure: none.
#ifndef VIGIL_TOOLS_VIGIL_PAGE_H_
#define VIGIL_TOOLS_VIGIL_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "tools/vigil/row_text.h"
#include "vigil/chronology/v1/chronology.pb.h"

namespace vigil::cli {

std::string Page(const chronology::v1::GetChronologyResponse& answer,
                 const Asked& asked);

// Text within an element or a quoted attribute; controls as Shown (words.h),
// line feeds as <br>.
std::string HtmlEscaped(absl::string_view text);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_PAGE_H_
