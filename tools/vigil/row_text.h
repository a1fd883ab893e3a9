// What there is to read in a chronology, in words, before anybody lays it out.
// The terminal and the page show every fact that stands here, so neither can
// forget one; what a row must tell, chronology.proto says (Row).
//
//   RowText text = RowTextOf(row);
//   for (const Fact& fact : text.facts) ... fact.name, fact.value
//
// Values are as their sender wrote them: whoever shows them, escapes them.
//
// Threads: safe. Failure: none; what is not stated is either left out or, where
// its absence means something (child seen, significance), said to be so.
#ifndef VIGIL_TOOLS_VIGIL_ROW_TEXT_H_
#define VIGIL_TOOLS_VIGIL_ROW_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "vigil/chronology/v1/chronology.pb.h"

namespace vigil::cli {

// Where a fact stands on a page.
enum class Column {
  kWhen,
  kSource,
  kEvent,
  kChild,
  kAction,
  kStanding,
  kRecord
};

struct Fact {
  Column column;
  std::string name;  // "Own words"
  std::string value;
};

struct RowText {
  std::string when;   // "28 Mar 2026, 10:00"
  std::string age;    // "2 years 3 months"; or empty
  std::string label;  // "Concern raised"
  std::string headline;
  std::string source;  // "police, police:43"
  // What a reader must not miss: "corrected", "12 days late", "significant",
  // "content destroyed".
  std::vector<std::string> marks;
  std::vector<Fact> facts;
};

RowText RowTextOf(const chronology::v1::Row& row);

// What stands over and under the rows.
struct PageText {
  std::string title;  // the child's name and birth, as far as known
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<std::string> subjects;  // linked, with their basis
  std::vector<std::string> possible;  // may be the same child, not joined
  std::string complete;               // the answer's own words
  std::vector<std::string> cuts;      // links that a separation cut, for review
  std::vector<std::string> completeness;  // and its fields, a line each
};

// How it was asked, which the answer does not repeat.
struct Asked {
  std::string purpose;  // "safeguarding enquiry"
  std::string by;       // "A. Coordinator, hub coordinator"
  std::string serves;
  std::string filters;  // in words; empty: none
  std::string order;    // "newest first"
  // Of each page read after the first, a view too.
  std::vector<std::string> further_view_ids;
};

PageText PageTextOf(const chronology::v1::GetChronologyResponse& answer,
                    const Asked& asked);

// "joined by rule"; the basis on which a subject counts as the child's.
std::string LinkText(event::v1::LinkKind kind);

// "Quillmere, Ana", every name on record.
std::string NamesText(const event::v1::Demographics& demographics);
// "born 2 Apr 2023", "expected 2026-05-01", "about 3 years on ..."
std::string BirthText(const event::v1::Birth& birth);

// A line for each thing that limits the answer.
std::vector<std::string> CompletenessText(
    const chronology::v1::Completeness& completeness);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_ROW_TEXT_H_
