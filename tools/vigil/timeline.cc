#include "tools/vigil/timeline.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

constexpr size_t kNameColumns = 17;  // of the longest name, and a space

// What is left for a value on the narrowest terminal; a value that is an id is
// broken there.
constexpr size_t kMinValueColumns = 16;

constexpr absl::string_view kBold = "1";
constexpr absl::string_view kFaint = "2";
constexpr absl::string_view kStrong = "1;31";

std::string Styled(absl::string_view text, absl::string_view style,
                   const TimelineOptions& options) {
  if (!options.colour || text.empty()) return std::string(text);
  return absl::StrCat("\x1b[", style, "m", text, "\x1b[0m");
}

size_t Width(const TimelineOptions& options) {
  return std::clamp(options.width, kMinTimelineWidth, kMaxTimelineWidth);
}

std::string Indented(absl::string_view text, size_t indent,
                     absl::string_view style, const TimelineOptions& options) {
  std::string out;
  for (const std::string& line : Wrap(Shown(text), Width(options) - indent)) {
    absl::StrAppend(&out, std::string(indent, ' '),
                    style.empty() ? line : Styled(line, style, options), "\n");
  }
  return out;
}

std::string Rule(const TimelineOptions& options) {
  std::string rule;
  for (size_t i = 0; i < Width(options); ++i) rule.append("─");
  return Styled(rule, kFaint, options) + "\n";
}

}  // namespace

std::string NamedLine(absl::string_view name, absl::string_view value,
                      size_t indent, const TimelineOptions& options) {
  std::string out;
  std::string head(name);
  head.resize(std::max(kNameColumns, head.size() + 1), ' ');
  const size_t taken = indent + head.size();
  bool first = true;
  for (const std::string& line :
       Wrap(Shown(value),
            std::max(Width(options), taken + kMinValueColumns) - taken)) {
    absl::StrAppend(
        &out, std::string(indent, ' '),
        first ? Styled(head, kFaint, options) : std::string(head.size(), ' '),
        line, "\n");
    first = false;
  }
  return out;
}

std::string TimelineEntry(const chronology::v1::Row& row,
                          const TimelineOptions& options) {
  const RowText text = RowTextOf(row);
  std::string out =
      Indented(text.age.empty() ? text.when
                                : absl::StrCat(text.when, ", aged ", text.age),
               0, kBold, options);
  out += Indented(absl::StrCat(text.label, " (", text.source, ")"), 2, "",
                  options);
  for (const std::string& mark : text.marks) {
    out += Indented(absl::StrCat("! ", mark), 2, kStrong, options);
  }
  if (!text.headline.empty()) {
    out += Indented(text.headline, 2, kBold, options);
  }
  for (const Fact& fact : text.facts) {
    out += NamedLine(fact.name, fact.value, 4, options);
  }
  return out;
}

std::string Timeline(const chronology::v1::GetChronologyResponse& answer,
                     const Asked& asked, const TimelineOptions& options) {
  const PageText page = PageTextOf(answer, asked);
  std::string out = Indented(page.title, 0, kBold, options);
  for (const auto& [name, value] : page.facts) {
    out += NamedLine(name, value, 2, options);
  }
  for (const std::string& subject : page.subjects) {
    out += NamedLine("Joined", subject, 2, options);
  }
  for (const std::string& match : page.possible) {
    out += NamedLine("Not joined", match, 2, options);
  }
  for (const std::string& cut : page.cuts) {
    out += NamedLine("Separated", cut, 2, options);
  }
  for (const auto& row : answer.rows()) {
    out += Rule(options);
    out += TimelineEntry(row, options);
  }
  out += Rule(options);
  if (answer.rows_size() == 0) out += "No entries.\n";
  out += Indented("How complete this is", 0, kBold, options);
  if (!page.complete.empty()) out += Indented(page.complete, 2, "", options);
  for (const std::string& line : page.completeness) {
    out += Indented(line, 2, "", options);
  }
  if (!answer.next_page_token().empty()) {
    out +=
        Indented("There are more entries: ask with --all or a higher --limit.",
                 2, kStrong, options);
  }
  return out;
}

}  // namespace vigil::cli
