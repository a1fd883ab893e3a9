// Values of the wire in the words of a reader.
//
//   EnumText(row.state());                    // "withdrawn"
//   TimeText(row.logged());                   // "28 Mar 2026, 10:00:03"
//
// Threads: safe. Failure: none.
#ifndef VIGIL_TOOLS_VIGIL_WORDS_H_
#define VIGIL_TOOLS_VIGIL_WORDS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::cli {

// SIGNIFICANCE_NOT_YET_JUDGED is "not yet judged"; the first value of any enum
// is "not stated"; one that this program does not know "not known here (7)".
std::string EnumText(const google::protobuf::EnumDescriptor& type, int value);

template <typename E>
std::string EnumText(E value) {
  return EnumText(*google::protobuf::GetEnumDescriptor<E>(),
                  static_cast<int>(value));
}

// Finds the value that EnumText writes, with '-' or '_' for each space; -1 if
// there is none. "not stated" is none.
int EnumFromText(const google::protobuf::EnumDescriptor& type,
                 absl::string_view text);

// All but the first, as EnumFromText reads them, for help texts.
std::string EnumChoices(const google::protobuf::EnumDescriptor& type);

// "police:43"; empty for none.
std::string OrganisationText(const event::v1::Organisation& organisation);

// By the clocks of Europe/London, to the second; empty if unset.
std::string TimeText(const google::protobuf::Timestamp& time);

// "Neglect (cin-census NEG)"; empty if unset.
std::string TermText(const event::v1::CodedTerm& term);

// "strategy discussion; Strategy meeting (case STRAT)": the published code in
// words, the agency's own term, or both; empty if unset.
std::string ConceptText(const event::v1::Concept& said);

// All that a message says, as one line: "name: rowan; birth date: 2021-01-19".
// Times, organisations, terms and enums as above, a message within in brackets.
std::string MessageText(const google::protobuf::Message& message);

// What the field `path` of it says, by names without places in lists
// ("referral_decided.outcome"): all values, from each list on the way. Nothing
// if there is no such field; empty if it says nothing.
std::optional<std::string> FieldText(const google::protobuf::Message& message,
                                     absl::string_view path);

// "topic/3/17".
std::string PositionText(const event::v1::Position& position);

// Text as it may be shown on a terminal: control characters and those that
// turn the direction of writing become U+FFFD, but line feeds stay. Whoever
// wrote the text must not move the cursor of who reads it.
std::string Shown(absl::string_view text);

// Columns that a text takes: Unicode characters, without combining marks; an
// East Asian wide one takes two.
size_t Columns(absl::string_view text);

// Lines of at most `width` columns, broken at spaces (a longer word is broken
// inside, but for a subject reference, which is there to be copied), and at
// line feeds.
std::vector<std::string> Wrap(absl::string_view text, size_t width);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_WORDS_H_
