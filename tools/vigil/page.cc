#include "tools/vigil/page.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tools/vigil/words.h"

namespace vigil::cli {
namespace {

// Sizes, spacing and colours as in the GOV.UK design system; its typeface is
// licensed to GOV.UK alone, so Arial, as it prescribes elsewhere.
constexpr absl::string_view kStyle = R"(
body{font:16px/1.4 Arial,sans-serif;color:#0b0c0c;background:#fff;margin:24px}
h1{font-size:28px;margin:0 0 16px}
h2{font-size:20px;margin:24px 0 8px}
.skip{position:absolute;left:-999em}
.skip:focus{position:static}
dl{margin:0}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px}
dt{font-weight:700}
dd{margin:0;overflow-wrap:anywhere}
li,h1{overflow-wrap:anywhere}
.wide{overflow-x:auto}
table{border-collapse:collapse;table-layout:fixed;width:100%;min-width:960px;margin-top:16px;font-size:14px}
caption{text-align:left;font-weight:700;font-size:18px;margin-bottom:8px}
th,td{border-bottom:1px solid #b1b4b6;padding:8px;text-align:left;vertical-align:top;overflow-wrap:anywhere}
thead th{border-bottom:2px solid #0b0c0c;overflow-wrap:normal}
thead .view{font-weight:400;border-bottom:1px solid #b1b4b6}
tbody th{font-weight:400}
td p,th p{margin:0 0 4px}
p.lead{font-weight:700}
.mark{display:inline-block;border:2px solid #942514;color:#942514;font-weight:700;padding:0 4px;margin:0 4px 4px 0}
td dt,th dt{display:inline;font-size:12px;color:#505a5f;font-weight:400}
td dt::after,th dt::after{content:": "}
td dd,th dd{display:inline}
td dd::after,th dd::after{content:"\A";white-space:pre}
footer{border-top:2px solid #0b0c0c;margin-top:24px;padding-top:8px}
@page{size:A4 landscape;margin:12mm}
@media print{body{margin:0;font-size:10pt}.wide{overflow:visible}table{min-width:0;font-size:8pt}th,td{padding:4px 6px}td dt,th dt{font-size:7pt}tr{break-inside:avoid}thead{display:table-header-group}caption,h2,thead,thead tr{break-after:avoid}tbody tr:first-child{break-before:avoid}.skip{display:none}}
)";

struct ColumnHead {
  Column column;
  absl::string_view head;
  int percent;  // of the table's width
};
// Fixed, for a browser left to itself gives most to the longest reference.
constexpr ColumnHead kColumns[] = {
    {Column::kWhen, "When", 13},
    {Column::kSource, "Source", 12},
    {Column::kEvent, "What happened", 19},
    {Column::kChild, "The child", 11},
    {Column::kAction, "Action and outcome", 11},
    {Column::kStanding, "Significance and status", 14},
    {Column::kRecord, "Record", 20},
};

std::string Element(absl::string_view tag, absl::string_view attributes,
                    absl::string_view text) {
  return absl::StrCat("<", tag, attributes.empty() ? "" : " ", attributes, ">",
                      HtmlEscaped(text), "</", tag, ">");
}

// Where an incident has many entries, their ids would bury what else a row
// says: here how many they are ("Also reported by" follows); `vigil entry` has
// them.
std::string ValueOnPage(const chronology::v1::Row& row, const Fact& fact) {
  if (fact.name != "Same incident") return fact.value;
  const int others = row.incident_group_size();
  return absl::StrCat(others, others == 1 ? " other entry" : " other entries");
}

void AppendFacts(const chronology::v1::Row& row, const RowText& text,
                 Column column, std::string* out) {
  bool any = false;
  for (const Fact& fact : text.facts) {
    if (fact.column != column) continue;
    if (!any) out->append("<dl>");
    any = true;
    absl::StrAppend(out, Element("dt", "", fact.name),
                    Element("dd", "", ValueOnPage(row, fact)));
  }
  if (any) out->append("</dl>");
}

void AppendRow(const chronology::v1::Row& row, std::string* out) {
  const RowText text = RowTextOf(row);
  out->append("<tr>\n");
  for (const ColumnHead& head : kColumns) {
    const absl::string_view tag =
        head.column == Column::kWhen ? "th scope=\"row\"" : "td";
    absl::StrAppend(out, "<", tag, ">");
    if (head.column == Column::kWhen) {
      out->append(Element("p", "class=\"lead\"", text.when));
      if (!text.age.empty()) {
        out->append(Element("p", "", absl::StrCat("aged ", text.age)));
      }
    }
    if (head.column == Column::kSource) {
      out->append(Element("p", "class=\"lead\"", text.source));
    }
    if (head.column == Column::kEvent) {
      for (const std::string& mark : text.marks) {
        out->append(Element("span", "class=\"mark\"", mark));
      }
      out->append(Element("p", "", text.label));
      if (!text.headline.empty()) {
        out->append(Element("p", "class=\"lead\"", text.headline));
      }
    }
    AppendFacts(row, text, head.column, out);
    absl::StrAppend(out, "</", tag.substr(0, 2), ">\n");
  }
  out->append("</tr>\n");
}

void AppendList(absl::string_view title, const std::vector<std::string>& items,
                std::string* out) {
  if (items.empty()) return;
  absl::StrAppend(out, Element("h2", "", title), "\n<ul>\n");
  for (const std::string& item : items) {
    absl::StrAppend(out, Element("li", "", item), "\n");
  }
  out->append("</ul>\n");
}

}  // namespace

std::string HtmlEscaped(absl::string_view text) {
  return absl::StrReplaceAll(Shown(text), {{"&", "&amp;"},
                                           {"<", "&lt;"},
                                           {">", "&gt;"},
                                           {"\"", "&quot;"},
                                           {"'", "&#39;"},
                                           {"\n", "<br>"}});
}

std::string Page(const chronology::v1::GetChronologyResponse& answer,
                 const Asked& asked) {
  const PageText page = PageTextOf(answer, asked);
  // The title of a window is shown to whoever looks at the screen: no name.
  std::string out = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n"
      "<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"robots\" content=\"noindex\">\n",
      Element("title", "", absl::StrCat("Chronology, view ", answer.view_id())),
      "\n<style>", kStyle, "</style>\n</head>\n<body>\n",
      "<a class=\"skip\" href=\"#entries\">Skip to the entries</a>\n<main>\n",
      Element("h1", "", absl::StrCat("Chronology: ", page.title)),
      "\n<dl class=\"facts\">\n");
  for (const auto& [name, value] : page.facts) {
    absl::StrAppend(&out, Element("dt", "", name), Element("dd", "", value),
                    "\n");
  }
  out.append("</dl>\n");
  AppendList("Records joined here", page.subjects, &out);
  AppendList("Not joined here", page.possible, &out);
  AppendList("Links that a separation cut", page.cuts, &out);

  absl::StrAppend(
      &out,
      // It scrolls sideways by itself, by keyboard too, where it is narrow.
      "<div class=\"wide\" role=\"region\" aria-labelledby=\"caption\" "
      "tabindex=\"0\">\n<table id=\"entries\">\n",
      Element("caption", "id=\"caption\"",
              absl::StrCat("Entries, ",
                           asked.order.empty() ? "newest first" : asked.order)),
      "\n<colgroup>");
  for (const ColumnHead& head : kColumns) {
    absl::StrAppend(&out, "<col style=\"width:", head.percent, "%\">");
  }
  absl::StrAppend(&out, "</colgroup>\n<thead>\n<tr>",
                  Element("th", "class=\"view\" colspan=\"7\"",
                          absl::StrCat("View ", answer.view_id(), " · as at ",
                                       TimeText(answer.completeness().as_at()),
                                       " · purpose: ", asked.purpose)),
                  "</tr>\n<tr>");
  for (const ColumnHead& head : kColumns) {
    out.append(Element("th", "scope=\"col\"", head.head));
  }
  out.append("</tr>\n</thead>\n<tbody>\n");
  for (const auto& row : answer.rows()) AppendRow(row, &out);
  if (answer.rows_size() == 0) {
    out.append("<tr><td colspan=\"7\">No entries.</td></tr>\n");
  }
  out.append("</tbody>\n</table>\n</div>\n</main>\n<footer>\n");
  std::vector<std::string> complete;
  if (!page.complete.empty()) complete.push_back(page.complete);
  complete.insert(complete.end(), page.completeness.begin(),
                  page.completeness.end());
  if (!answer.next_page_token().empty()) {
    complete.push_back("There are more entries than this page shows.");
  }
  AppendList("How complete this is", complete, &out);
  out.append("</footer>\n</body>\n</html>\n");
  return out;
}

}  // namespace vigil::cli
