#include "services/chronology/terms.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/hash.h"
#include "libs/event/codes.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "libs/safeguarding/amendments.h"
#include "libs/safeguarding/corrections.h"
#include "libs/service/status.h"
#include "services/chronology/projection.h"
#include "services/chronology/view.h"

namespace vigil::chronology {
namespace {

constexpr absl::string_view kHub = "mash";

// Opaque to clients, and grants nothing: the key after which the next page
// begins, with a checksum against damage.
std::string Checksum(absl::string_view bytes) {
  return std::string(AsBytes(Sha256(bytes)).substr(0, 8));
}

std::string ToToken(const std::string& key) {
  return Base64Url(absl::StrCat(key, Checksum(key)));
}

std::optional<std::string> FromToken(const std::string& token) {
  std::optional<std::string> key = FromBase64Url(token);
  if (!key || key->size() < 8) return std::nullopt;
  const std::string checksum = key->substr(key->size() - 8);
  key->resize(key->size() - 8);
  if (checksum != Checksum(*key)) return std::nullopt;
  return key;
}

}  // namespace

std::vector<Stated> StandingOf(Facts& facts, absl::string_view kind) {
  std::vector<Entry> entries = facts.Directory(kind);
  std::set<std::string> known;
  for (const Entry& entry : entries) {
    known.emplace(entry.fact.envelope.id);
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string id(entries[i].fact.envelope.id);
    for (Entry& saying : facts.AnnotationsAbout(id)) {
      if (known.emplace(saying.fact.envelope.id).second) {
        entries.push_back(std::move(saying));
      }
    }
  }
  std::vector<safeguarding::EntryFact> given;
  for (const Entry& entry : entries) {
    const Fact& fact = entry.fact;
    given.push_back({.event_id = fact.envelope.id,
                     .source = fact.envelope.source,
                     .type = fact.envelope.type,
                     .subject = fact.envelope.subject,
                     .clear = fact.clear.get(),
                     .request_key = fact.envelope.request_key,
                     .request_index = fact.envelope.request_index,
                     .logged = fact.logged,
                     .topic = fact.position.partition.topic,
                     .partition = fact.position.partition.partition,
                     .offset = fact.position.offset});
  }
  const std::vector<safeguarding::EntryState> states =
      safeguarding::Amend(given);
  std::vector<Stated> standing;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Fact& fact = entries[i].fact;
    // Whatever an agency says of that kind, the hub alone is heard.
    if (SayingOf(fact.envelope.type, *fact.clear) !=
            event::v1::MANNER_UNSPECIFIED ||
        states[i].state == safeguarding::State::kWithdrawn ||
        event::ParseSource(fact.envelope.source).writer != kHub) {
      continue;
    }
    const auto all = [](const event::SectionView&) { return true; };
    std::vector<safeguarding::Content> corrections;
    for (const size_t correction : states[i].corrections) {
      corrections.push_back(
          safeguarding::ReadContent(entries[correction].fact.envelope, all));
    }
    safeguarding::InForce now = safeguarding::Correct(
        safeguarding::ReadContent(fact.envelope, all), corrections);
    if (now.content.kind) {
      standing.push_back({.fact = fact, .kind = *std::move(now.content.kind)});
    }
  }
  return standing;
}

safeguarding::Terms TermsIn(Facts& facts) {
  std::vector<safeguarding::TermsFact> mapped;
  for (Stated& stated :
       StandingOf(facts, event::MessageNameOf(event::v1::Kind::kTermsMapped))) {
    mapped.push_back({.event_id = std::string(stated.fact.envelope.id),
                      .mapped = std::move(*stated.kind.mutable_terms_mapped()),
                      .logged = stated.fact.logged,
                      .topic = stated.fact.position.partition.topic,
                      .partition = stated.fact.position.partition.partition,
                      .offset = stated.fact.position.offset});
  }
  return safeguarding::Terms(std::move(mapped));
}

absl::Status ListTerms(std::shared_ptr<const projection::Snapshot> snapshot,
                       const v1::ListTermsRequest& request, absl::Time now,
                       v1::ListTermsResponse* response) {
  std::string after;
  if (!request.page_token().empty()) {
    const std::optional<std::string> key = FromToken(request.page_token());
    if (!key) {
      event::Violations violations;
      violations.Add("page_token", event::code::kPageTokenMismatch);
      return service::InvalidRequest(violations);
    }
    after = *key;
  }
  Extent extent;
  absl::Time at = now;
  if (request.as_of().has_logged()) {
    at = ToTime(request.as_of().logged());
    extent.logged_until = at;
  }
  if (request.as_of().has_positions()) {
    extent.positions = FromProto(request.as_of().positions());
  }
  Facts facts(std::move(snapshot), std::move(extent));
  const safeguarding::Terms terms = TermsIn(facts);
  std::string told_last = after;
  const int size = request.has_page_size() ? request.page_size() : kTermsOnPage;
  for (std::optional<Facts::TermSaid> term = facts.TermAfter(after); term;
       term = facts.TermAfter(after)) {
    after = term->key;
    const std::vector<std::string> texts =
        absl::StrSplit(term->key, absl::ByChar('\0'));
    if (texts.size() < 5) continue;
    event::v1::CodedTerm said;
    said.set_system(texts[1]);
    said.set_code(texts[2]);
    said.set_display(term->display);
    const std::optional<std::string> meaning =
        terms.MeaningOf(said, texts[0], texts[4], at);
    if (meaning && request.mapped_too() != event::v1::ANSWER_YES) continue;
    if (response->terms_size() == size) {
      response->set_next_page_token(ToToken(told_last));
      break;
    }
    told_last = term->key;
    v1::Term* told = response->add_terms();
    *told->mutable_term() = std::move(said);
    told->set_table(texts[0]);
    told->set_organisation(texts[4]);
    told->set_meaning(meaning.value_or(""));
    SetTime(term->first, told->mutable_first_logged());
  }
  return facts.status();
}

}  // namespace vigil::chronology
