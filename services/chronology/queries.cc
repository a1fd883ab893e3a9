#include "services/chronology/queries.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/hash.h"
#include "libs/base/parts.h"
#include "libs/event/birth.h"
#include "libs/event/check.h"
#include "libs/event/codes.h"
#include "libs/event/digest.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "libs/event/time_text.h"
#include "libs/safeguarding/match.h"
#include "libs/safeguarding/names.h"
#include "libs/service/status.h"

namespace vigil::chronology {
namespace {

using ::vigil::event::v1::RecordViewed;
using ::vigil::safeguarding::kPolicyVersion;
using ::vigil::safeguarding::SeesCombinedRecord;
using ::vigil::safeguarding::Visibility;

constexpr absl::string_view kService = "vigil.chronology.v1.ChronologyService.";

std::string RpcName(absl::string_view rpc) {
  return absl::StrCat(kService, rpc);
}

struct NamedRole {
  safeguarding::Role role;
  config::v1::Role of_register;
  absl::string_view name;
};
constexpr NamedRole kRoles[] = {
    {safeguarding::Role::kPublisher, config::v1::ROLE_PUBLISHER, "publisher"},
    {safeguarding::Role::kCoordinator, config::v1::ROLE_COORDINATOR,
     "coordinator"},
    {safeguarding::Role::kAuditor, config::v1::ROLE_AUDITOR, "auditor"},
    {safeguarding::Role::kOperator, config::v1::ROLE_OPERATOR, "operator"},
};

absl::Status OneViolation(absl::string_view field, absl::string_view code) {
  event::Violations violations;
  violations.Add(std::string(field), code);
  return service::InvalidRequest(violations);
}

// What an answer showed, for its view.
struct Shown {
  std::vector<event::v1::LinkedSubject> subjects;
  std::vector<event::v1::ShownEntry> entries;
  std::vector<event::v1::Judgement> judgements;
  uint64_t quarantined = 0;
  // The rows and linked subjects alone.
  std::string digest;
};

void SetDigest(const google::protobuf::Message& content, Shown* shown) {
  shown->digest = std::string(AsBytes(Sha256(event::CanonicalBytes(content))));
}

void AddEntry(event::v1::ShownEntry entry, event::v1::Visibility visibility,
              Shown* shown) {
  entry.set_visibility(visibility);
  shown->entries.push_back(std::move(entry));
}

// `evidence` are event ids; what is no UUID has no bytes.
void AddJudgement(absl::string_view rule, const std::string& result,
                  const std::vector<std::string>& evidence, Shown* shown) {
  event::v1::Judgement& judgement = shown->judgements.emplace_back();
  judgement.set_rule(std::string(rule));
  judgement.set_result(result);
  for (const std::string& id : evidence) {
    const event::v1::ShownEntry entry = ShownAs(id, {});
    if (entry.has_event_id()) judgement.add_evidence(entry.event_id());
  }
}

// What rules made of an entry, as its row says. Of a notice the row does not
// tell what else there is, and so neither does this.
void AddJudgements(const Child& child, const Line& line, const v1::Row& row,
                   Shown* shown) {
  const Item* item = line.item;
  const auto evidence = [&](const std::vector<size_t>& others) {
    std::vector<std::string> ids = {row.event_id()};
    if (row.visibility() == event::v1::VISIBILITY_NOTICE) return ids;
    for (const size_t i : others) {
      ids.emplace_back(child.items[i].entry.fact.envelope.id);
    }
    return ids;
  };
  if (item != nullptr && item->state.significance_by) {
    AddJudgement("significance",
                 event::v1::Significance_Name(row.significance()),
                 evidence({*item->state.significance_by}), shown);
  }
  if (row.state() == v1::ROW_STATE_CURRENT) return;
  std::vector<size_t> made_so;
  if (row.state() == v1::ROW_STATE_WITHDRAWN) {
    made_so = item->state.withdrawals;
  } else if (row.state() == v1::ROW_STATE_CORRECTED) {
    made_so = item->state.corrections;
  }
  AddJudgement("state", v1::RowState_Name(row.state()), evidence(made_so),
               shown);
}

template <typename Request>
View ViewOf(const Question& question, const Request& request,
            absl::string_view rpc, const Facts& facts, const Shown& shown) {
  View view;
  RecordViewed& viewed = view.viewed;
  viewed.set_system(question.system);
  const Organisation& organisation = question.asking.asker.organisation;
  viewed.mutable_organisation()->set_scheme(organisation.scheme);
  viewed.mutable_organisation()->set_code(organisation.code);
  *viewed.mutable_asker() = request.asking().on_behalf_of();
  viewed.set_purpose(request.asking().purpose());
  viewed.set_serves(request.asking().serves());
  viewed.set_rpc(RpcName(rpc));
  Request query = request;
  if constexpr (requires { query.clear_page_token(); }) {
    query.clear_page_token();
  }
  view.question.set_query(query.SerializeAsString());
  *viewed.mutable_positions() =
      ToProto(facts.extent().positions ? *facts.extent().positions
                                       : facts.snapshot().positions());
  for (const event::v1::LinkedSubject& subject : shown.subjects) {
    *viewed.add_subjects() = subject;
  }
  for (const event::v1::ShownEntry& entry : shown.entries) {
    *viewed.add_entries() = entry;
  }
  for (const event::v1::Judgement& judgement : shown.judgements) {
    *viewed.add_judgements() = judgement;
  }
  if (question.standing.runner.lag_records) {
    viewed.set_lag_records(
        static_cast<uint64_t>(*question.standing.runner.lag_records));
  }
  viewed.set_quarantined(shown.quarantined);
  *viewed.add_basis() = safeguarding::PolicyBasis();
  viewed.set_software_version(question.software_version);
  viewed.set_digest(shown.digest);
  for (const NamedRole& role : kRoles) {
    const auto& held = question.asking.asker.roles;
    if (std::find(held.begin(), held.end(), role.role) != held.end()) {
      viewed.add_roles(std::string(role.name));
    }
  }
  return view;
}

Extent ExtentFor(const Asking& asking, const v1::AsOf& as_of) {
  Extent extent = ExtentOf(asking);
  if (as_of.has_logged()) extent.logged_until = ToTime(as_of.logged());
  if (as_of.has_positions()) extent.positions = FromProto(as_of.positions());
  return extent;
}

event::v1::LinkedSubject AskedFor(const std::string& subject) {
  event::v1::LinkedSubject linked;
  linked.set_subject(subject);
  linked.set_kind(event::v1::LINK_KIND_ASKED);
  return linked;
}

void AddSubject(const event::v1::LinkedSubject& linked, Shown* shown) {
  shown->subjects.push_back(linked);
  if (linked.kind() == event::v1::LINK_KIND_RULE) {
    AddJudgement("identity", event::v1::LinkKind_Name(linked.kind()), {},
                 shown);
  }
}

void TakeSubjects(const Child& child, Shown* shown) {
  for (const event::v1::LinkedSubject& linked : child.identity.subjects) {
    AddSubject(linked, shown);
  }
  shown->quarantined = child.unreadable.size();
}

// --- Find ---

bool SameIdentifier(const event::v1::Identifier& a,
                    const event::v1::Identifier& b) {
  return a.type() == b.type() && a.value() == b.value() &&
         a.system() == b.system();
}

std::vector<event::v1::Demographics> DemographicsOf(
    const std::vector<Facts::PersonFact>& person) {
  std::vector<event::v1::Demographics> demographics;
  for (const Facts::PersonFact& fact : person) {
    if (fact.person().has_demographics()) {
      demographics.push_back(fact.person().demographics());
    }
  }
  return demographics;
}

void SetReasons(const std::vector<safeguarding::MatchReason>& reasons,
                v1::Candidate* candidate) {
  for (const safeguarding::MatchReason& reason : reasons) {
    v1::MatchReason* why = candidate->add_reasons();
    why->set_code(std::string(reason.code));
    why->set_text(std::string(reason.text));
  }
}

// A day and month that a form may have swapped; empty if they cannot be.
std::string Swapped(const std::string& date) {
  const auto parsed = event::ParseDate(date);
  if (!parsed || parsed->precision != event::PartialDate::Precision::kDay) {
    return "";
  }
  const std::string swapped = absl::StrCat(date.substr(0, 5), date.substr(8, 2),
                                           "-", date.substr(5, 2));
  return swapped != date && event::ParseDate(swapped) ? swapped : "";
}

class Finding {
 public:
  Finding(Facts& facts, const Asking& asking, const v1::FindRequest& request)
      : facts_(facts), asking_(asking), request_(request) {
    query_.name = request.name();
    query_.birth_date = request.birth_date();
    if (request.has_identifier()) query_.identifier = request.identifier();
  }

  absl::Status Find(v1::FindResponse* content, Shown* shown) {
    std::vector<Ranked> ranked = Rank();
    const size_t size = static_cast<size_t>(
        request_.has_page_size() ? request_.page_size() : kCandidatesOnPage);
    std::set<std::string> told;
    std::vector<std::pair<int, v1::Candidate>> candidates;
    for (const Ranked& one : ranked) {
      if (told.contains(one.subject)) continue;
      if (candidates.size() == size) {
        cut_ = true;
        break;
      }
      auto candidate = Tell(one.subject, &told);
      if (!candidate.ok()) return candidate.status();
      if (*candidate) candidates.push_back(**std::move(candidate));
    }
    if (!facts_.status().ok()) return facts_.status();
    std::stable_sort(
        candidates.begin(), candidates.end(),
        [](const auto& a, const auto& b) { return a.first > b.first; });
    for (auto& [rank, candidate] : candidates) {
      for (const event::v1::LinkedSubject& linked : candidate.subjects()) {
        AddSubject(linked, shown);
      }
      for (const v1::MatchReason& reason : candidate.reasons()) {
        AddJudgement("match", reason.code(), {}, shown);
      }
      *content->add_candidates() = std::move(candidate);
    }
    content->set_more(cut_ ? event::v1::ANSWER_YES : event::v1::ANSWER_NO);
    SetDigest(*content, shown);
    return absl::OkStatus();
  }

 private:
  struct Ranked {
    int rank;
    std::string subject;
  };

  void Gather(const safeguarding::Found& found) {
    for (const std::string& subject : found.subjects) ++found_[subject];
    cut_ |= !found.all;
  }

  std::vector<Ranked> Rank() {
    if (query_.identifier) {
      Gather(facts_.SubjectsWithIdentifier(*query_.identifier, kMaxCompared));
    }
    const std::string swapped = Swapped(query_.birth_date);
    for (const std::string& token : safeguarding::QueryTokens(query_.name)) {
      for (const std::string& date : {query_.birth_date, swapped}) {
        if (date.empty()) continue;
        Gather(facts_.SubjectsNamedAndBorn(token, date, kMaxFoundForWord));
      }
      const bool whole = token.size() < safeguarding::kMinPrefixCharacters;
      Gather(facts_.SubjectsNamed(whole ? TextPrefix(token) : token,
                                  kMaxFoundForWord));
    }
    if (!query_.birth_date.empty()) {
      Gather(facts_.SubjectsBorn(query_.birth_date, kMaxCompared));
      if (!swapped.empty()) {
        Gather(facts_.SubjectsBorn(swapped, kMaxCompared));
      }
    }
    // Those that were found in most ways first, if not all can be compared.
    std::vector<std::pair<int, std::string>> by_count;
    for (const auto& [subject, count] : found_) {
      by_count.emplace_back(-count, subject);
    }
    std::sort(by_count.begin(), by_count.end());
    if (by_count.size() > kMaxCompared) {
      by_count.resize(kMaxCompared);
      cut_ = true;
    }
    std::vector<Ranked> ranked;
    for (const auto& [count, subject] : by_count) {
      const auto match = safeguarding::MatchPerson(
          query_, DemographicsOf(StandingPerson(facts_, subject)));
      if (match) ranked.push_back({match->rank, subject});
    }
    std::stable_sort(
        ranked.begin(), ranked.end(),
        [](const Ranked& a, const Ranked& b) { return a.rank > b.rank; });
    return ranked;
  }

  // The child that the subject belongs to; nothing if it does not match as a
  // whole, or if the asker may not know of it.
  absl::StatusOr<std::optional<std::pair<int, v1::Candidate>>> Tell(
      const std::string& subject, std::set<std::string>* told) {
    const auto identity = ResolveChild(facts_, subject);
    if (!identity.ok()) return identity.status();
    std::vector<Facts::PersonFact> person;
    std::set<std::string> known_to;
    v1::Candidate candidate;
    candidate.set_subject(subject);
    for (const event::v1::LinkedSubject& linked : identity->subjects) {
      const std::vector<Facts::PersonFact> facts =
          StandingPerson(facts_, linked.subject());
      if (facts.empty() && !SeesCombinedRecord(asking_.asker)) continue;
      told->insert(linked.subject());
      *candidate.add_subjects() = linked;
      for (const Facts::PersonFact& fact : facts) {
        // What is held and not shown may match: that it is held may be known.
        if (DecideSection(asking_, fact).visibility == Visibility::kNothing) {
          continue;
        }
        known_to.insert(
            std::string(event::ParseSource(fact.source).organisation));
        person.push_back(fact);
      }
    }
    std::vector<Organisation> asserted_by;
    for (const std::string& organisation : known_to) {
      asserted_by.push_back(OrganisationOf(organisation));
      candidate.add_known_to(organisation);
    }
    const auto match =
        safeguarding::MatchPerson(query_, DemographicsOf(person));
    if (!match ||
        safeguarding::DecideSubject(asking_.asker, asking_.purpose, asserted_by)
                .visibility == Visibility::kNothing) {
      return std::nullopt;
    }
    std::sort(person.begin(), person.end(), [](const auto& a, const auto& b) {
      return std::tie(a.logged, a.position) < std::tie(b.logged, b.position);
    });
    *candidate.mutable_demographics() = Merge(asking_, person);
    SetReasons(match->reasons, &candidate);
    return std::make_pair(match->rank, std::move(candidate));
  }

  Facts& facts_;
  const Asking& asking_;
  const v1::FindRequest& request_;
  safeguarding::Query query_;
  std::map<std::string, int> found_;  // in how many ways
  bool cut_ = false;
};

// --- GetChronology ---

// The next page of an answer: opaque to clients.
struct PageToken {
  std::string question;  // hash of the request
  std::string version;   // of the linked subjects
  std::string last_key;
  projection::Positions positions = {};
};

std::string QuestionHash(v1::GetChronologyRequest request) {
  request.clear_page_token();
  request.clear_page_size();
  request.clear_at_least();
  return std::string(
      AsBytes(Sha256(event::CanonicalBytes(request))).substr(0, 16));
}

std::string Checksum(absl::string_view bytes) {
  return std::string(AsBytes(Sha256(bytes)).substr(0, 8));
}

// It grants nothing that the question does not, so it is checked against
// damage and confusion and not signed: any replica continues any answer.
std::string ToText(const PageToken& token) {
  std::string bytes =
      EncodeParts({token.question, token.version, token.last_key,
                   ToProto(token.positions).SerializeAsString()});
  absl::StrAppend(&bytes, Checksum(bytes));
  return Base64Url(bytes);
}

std::optional<PageToken> ParsePageToken(const std::string& text) {
  const std::optional<std::string> decoded = FromBase64Url(text);
  if (!decoded || decoded->size() < 8) return std::nullopt;
  absl::string_view bytes = *decoded;
  const absl::string_view checksum = bytes.substr(bytes.size() - 8);
  bytes.remove_suffix(8);
  if (checksum != Checksum(bytes)) return std::nullopt;
  const std::optional<absl::string_view> parts[] = {
      TakePart(bytes), TakePart(bytes), TakePart(bytes), TakePart(bytes)};
  event::v1::Positions positions;
  if (!parts[3] || !bytes.empty() ||
      !positions.ParseFromArray(parts[3]->data(),
                                static_cast<int>(parts[3]->size()))) {
    return std::nullopt;
  }
  const std::optional<projection::Positions> where = FromProto(positions);
  if (!where) return std::nullopt;
  return PageToken{std::string(*parts[0]), std::string(*parts[1]),
                   std::string(*parts[2]), *where};
}

// The subject that was asked for, by itself or by an identifier of its own.
absl::StatusOr<std::string> SubjectOf(Facts& facts,
                                      const v1::GetChronologyRequest& request) {
  if (request.child_case() == v1::GetChronologyRequest::kSubject) {
    return request.subject();
  }
  const event::v1::Identifier& wanted = request.identifier();
  const safeguarding::Found found =
      facts.SubjectsWithIdentifier(wanted, kMaxCompared);
  std::set<std::string> holders;
  for (const std::string& subject : found.subjects) {
    for (const Facts::PersonFact& fact : StandingPerson(facts, subject)) {
      for (const auto& identifier :
           fact.person().demographics().identifiers()) {
        // A newborn often carries its mother's number: that one asks for her.
        if (SameIdentifier(identifier, wanted) &&
            identifier.holder() == event::v1::IDENTIFIER_HOLDER_SELF) {
          holders.insert(subject);
        }
      }
    }
  }
  if (!found.all) {  // whose it is cannot be told
    return OneViolation("identifier", event::code::kIdentifierAmbiguous);
  }
  if (holders.empty()) return service::NotFoundOrNotVisible();
  const auto identity = ResolveChild(facts, *holders.begin());
  if (!identity.ok()) return identity.status();
  for (const event::v1::LinkedSubject& linked : identity->subjects) {
    holders.erase(linked.subject());
  }
  if (!holders.empty()) {
    return OneViolation("identifier", event::code::kIdentifierAmbiguous);
  }
  return identity->subjects.front().subject();
}

// Rows and linked subjects, and nothing else that an answer has.
void SetScreen(const Child& child, const std::vector<Line>& page,
               const Asking& asking, v1::GetChronologyResponse* content,
               Shown* shown) {
  v1::GetChronologyResponse covered;
  for (const Line& line : page) {
    v1::Row row = RowOf(child, line, asking);
    AddEntry(line.shown(), row.visibility(), shown);
    AddJudgements(child, line, row, shown);
    *covered.add_rows() = std::move(row);
  }
  for (const event::v1::LinkedSubject& linked : child.identity.subjects) {
    *covered.add_subjects() = linked;
  }
  TakeSubjects(child, shown);
  SetDigest(covered, shown);
  *content->mutable_rows() = std::move(*covered.mutable_rows());
}

size_t PageSize(const v1::GetChronologyRequest& request) {
  return static_cast<size_t>(request.has_page_size() ? request.page_size()
                                                     : kRowsOnPage);
}

// The lines after the one with that key, in the question's order.
std::vector<Line>::const_iterator After(const std::vector<Line>& lines,
                                        const std::string& key,
                                        bool oldest_first) {
  return std::find_if(lines.begin(), lines.end(), [&](const Line& line) {
    return oldest_first ? line.key > key : line.key < key;
  });
}

// --- GetEntry ---

// What of that section may be seen and read.
template <typename M>
void Fill(const Asking& asking, const Fact& fact, event::v1::Part part,
          M* message) {
  if (std::optional<M> read = Read<M>(asking, fact, part)) {
    *message = *std::move(read);
  }
}

// The whole event, if no section of it is withheld.
bool IsWhole(const Asking& asking, const Fact& fact) {
  return std::all_of(fact.envelope.sections.begin(),
                     fact.envelope.sections.end(),
                     [&](const event::SectionView& section) {
                       return DecideSection(asking, fact, section).visibility ==
                              Visibility::kFull;
                     });
}

void SetLogged(const Fact& fact, v1::LoggedEvent* logged) {
  *logged->mutable_position() = ToProto(fact.position);
  SetTime(fact.logged, logged->mutable_logged());
  logged->set_value(*fact.value);
}

// `of`: the child of the entry, if it is one of a child's.
absl::Status EntryContent(Facts& facts, const Asking& asking,
                          const std::string& event_id,
                          v1::GetEntryResponse* content, Shown* shown,
                          Child* of) {
  std::optional<Entry> entry = facts.Event(event_id);
  if (!facts.status().ok()) return facts.status();
  if (!entry) return service::NotFoundOrNotVisible();
  const Fact fact = entry->fact;
  if (DecideRow(asking, fact).visibility == Visibility::kNothing) {
    return service::NotFoundOrNotVisible();
  }
  const std::string subject(fact.envelope.subject);
  Child& child = *of;
  if (!subject.empty()) {
    absl::StatusOr<Child> loaded = LoadChild(facts, asking, subject);
    if (loaded.ok()) {
      child = *std::move(loaded);
    } else if (!absl::IsNotFound(loaded.status())) {
      return loaded.status();
    }
    if (child.identity.subjects.empty()) {
      child.identity.subjects.push_back(AskedFor(subject));
    }
  }
  auto item = std::find_if(
      child.items.begin(), child.items.end(), [&](const Item& one) {
        return one.entry.fact.envelope.id == fact.envelope.id &&
               one.entry.fact.envelope.source == fact.envelope.source;
      });
  if (item == child.items.end()) {  // a link: no entry of a child's
    Item alone = {.entry = *std::move(entry), .subject = subject};
    alone.seen = DecideRow(asking, fact);
    if (auto header =
            Read<event::v1::Header>(asking, fact, event::v1::PART_HEADER)) {
      alone.header = *std::move(header);
      alone.has_header = true;
    }
    alone.when = alone.occurred = fact.clear->occurred();
    item = child.items.insert(child.items.end(), std::move(alone));
  }
  Line line;
  line.item = &*item;
  *content->mutable_row() = RowOf(child, line, asking);
  content->set_source(std::string(fact.envelope.source));
  if (item->seen.visibility != Visibility::kNotice) {
    *content->mutable_clear() = *fact.clear;
  }
  if (item->seen.visibility == Visibility::kFull) {
    Fill(asking, fact, event::v1::PART_HEADER, content->mutable_header());
    Fill(asking, fact, event::v1::PART_KIND, content->mutable_kind());
    for (ReadPerson& person : ReadPersons(asking, fact)) {
      *content->add_persons() = std::move(person.part);
    }
    Fill(asking, fact, event::v1::PART_INFORMANT, content->mutable_informant());
    Fill(asking, fact, event::v1::PART_PLACE, content->mutable_place());
  }
  for (const size_t i : item->state.amendments) {
    const Item& amendment = child.items[i];
    if (amendment.seen.visibility == Visibility::kFull &&
        IsWhole(asking, amendment.entry.fact)) {
      SetLogged(amendment.entry.fact, content->add_amendments());
    }
  }
  TakeSubjects(child, shown);
  AddEntry(line.shown(), content->row().visibility(), shown);
  AddJudgements(child, line, content->row(), shown);
  SetDigest(*content, shown);
  return absl::OkStatus();
}

// --- A view again ---

bool IsAuditor(const safeguarding::Asker& asker) {
  return std::find(asker.roles.begin(), asker.roles.end(),
                   safeguarding::Role::kAuditor) != asker.roles.end();
}

// As whom and for what the view was given.
Asking AskingOf(const RecordViewed& viewed) {
  Asking asking;
  asking.purpose = viewed.purpose();
  asking.asker.organisation = {viewed.organisation().scheme(),
                               viewed.organisation().code()};
  for (const NamedRole& role : kRoles) {
    if (std::find(viewed.roles().begin(), viewed.roles().end(), role.name) !=
        viewed.roles().end()) {
      asking.asker.roles.push_back(role.role);
    }
  }
  return asking;
}

// An auditor may see any view again; others those of their own organisation
// that rested on no other role than they have themselves.
bool MaySeeAgain(const safeguarding::Asker& asker,
                 const safeguarding::Asker& then) {
  return IsAuditor(asker) ||
         (asker.organisation == then.organisation &&
          std::all_of(then.roles.begin(), then.roles.end(),
                      [&](safeguarding::Role role) {
                        return std::find(asker.roles.begin(), asker.roles.end(),
                                         role) != asker.roles.end();
                      }));
}

event::v1::Answer YesOrNo(bool yes) {
  return yes ? event::v1::ANSWER_YES : event::v1::ANSWER_NO;
}

// Whether it is an answer too: there is no such child, or no one such.
bool IsAnswer(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsInvalidArgument(status);
}

// The question of then, whose shape its rpc tells.
template <typename Request>
absl::StatusOr<Request> QueryOf(const event::v1::Question& asked) {
  Request query;
  if (!query.ParseFromString(asked.query())) {
    return absl::DataLossError("the view's question cannot be read");
  }
  return query;
}

// The same screen, from the facts of then; its digest says whether it agrees,
// and is empty for what is not shown again.
absl::Status ShowAgain(Facts& facts, const Asking& then, const View& view,
                       v1::GetChronologyResponse* response, Shown* shown,
                       std::optional<Child>* of) {
  const RecordViewed& viewed = view.viewed;
  if (viewed.rpc() == RpcName("GetChronology")) {
    const auto asked = QueryOf<v1::GetChronologyRequest>(view.question);
    if (!asked.ok()) return asked.status();
    const v1::GetChronologyRequest& query = *asked;
    if (query.child_case() == v1::GetChronologyRequest::kViewId) {
      return absl::OkStatus();  // itself a second look: see the first
    }
    absl::StatusOr<std::string> subject = SubjectOf(facts, query);
    absl::StatusOr<Child> child = subject.ok()
                                      ? LoadChild(facts, then, *subject)
                                      : absl::StatusOr<Child>(subject.status());
    if (IsAnswer(child.status())) {
      if (subject.ok()) shown->subjects.push_back(AskedFor(*subject));
      SetDigest(v1::GetChronologyResponse(), shown);
      return absl::OkStatus();
    }
    if (!child.ok()) return child.status();
    std::map<std::string, Line> by_id;
    for (Line& line : Arrange(*child, query)) {
      by_id[line.shown().SerializeAsString()] = line;
    }
    std::vector<Line> page;
    for (event::v1::ShownEntry entry : viewed.entries()) {
      entry.clear_visibility();
      const auto line = by_id.find(entry.SerializeAsString());
      if (line != by_id.end()) page.push_back(line->second);
    }
    SetScreen(*child, page, then, response, shown);
    SetLinkConflicts(*child, then, response);
    SetSubjects(child->identity, response);
    SetTies(*child, response);
    *response->mutable_demographics() = child->demographics;
    *of = *std::move(child);
    return absl::OkStatus();
  }
  if (viewed.rpc() == RpcName("GetEntry")) {
    const auto query = QueryOf<v1::GetEntryRequest>(view.question);
    if (!query.ok()) return query.status();
    v1::GetEntryResponse content;
    const absl::Status answered = EntryContent(facts, then, query->event_id(),
                                               &content, shown, &of->emplace());
    if (absl::IsNotFound(answered)) {
      SetDigest(v1::GetEntryResponse(), shown);
      return absl::OkStatus();
    }
    if (answered.ok()) *response->add_rows() = content.row();
    return answered;
  }
  if (viewed.rpc() == RpcName("Find")) {
    const auto query = QueryOf<v1::FindRequest>(view.question);
    if (!query.ok()) return query.status();
    v1::FindResponse content;
    const absl::Status found =
        Finding(facts, then, *query).Find(&content, shown);
    if (found.ok()) {
      *response->mutable_candidates() =
          std::move(*content.mutable_candidates());
    }
    return found;
  }
  return absl::OkStatus();  // a replay: the log itself shows it again
}

absl::Status AnswerAgain(const Question& question,
                         const v1::GetChronologyRequest& request,
                         v1::GetChronologyResponse* response, View* view) {
  Facts all(question.snapshot, {});
  const std::optional<Fact> fact = all.View(request.view_id());
  if (!all.status().ok()) return all.status();
  View shown_then;
  RecordViewed& then_viewed = shown_then.viewed;
  Asking then;
  bool has_question = false;
  if (fact) {
    absl::StatusOr<event::v1::Kind> kind = fact->envelope.OpenKind();
    if (!kind.ok()) return kind.status();
    then_viewed = std::move(*kind->mutable_record_viewed());
    then = AskingOf(then_viewed);
    // Its key goes with the retention of the access log.
    has_question =
        fact->envelope.Open(event::v1::PART_QUESTION, &shown_then.question)
            .ok();
  }
  Shown shown;
  if (!fact || !MaySeeAgain(question.asking.asker, then.asker)) {
    *view = ViewOf(question, request, "GetChronology", all, shown);
    return service::NotFoundOrNotVisible();
  }
  Extent extent = ExtentOf(then);
  extent.positions = FromProto(then_viewed.positions());
  // Every question has its state of knowledge in a field of this name; only
  // `logged` narrows the positions that were recorded.
  const auto narrow = [&](const auto& query) {
    if (query.ok() && query->as_of().has_logged()) {
      extent.logged_until = ToTime(query->as_of().logged());
    }
  };
  if (then_viewed.rpc() == RpcName("GetChronology")) {
    narrow(QueryOf<v1::GetChronologyRequest>(shown_then.question));
  } else if (then_viewed.rpc() == RpcName("Find")) {
    narrow(QueryOf<v1::FindRequest>(shown_then.question));
  } else if (then_viewed.rpc() == RpcName("GetEntry")) {
    narrow(QueryOf<v1::GetEntryRequest>(shown_then.question));
  }
  // A replica may have read the view, and not yet all that it showed.
  if (extent.positions &&
      !projection::Covers(question.snapshot->positions(), *extent.positions)) {
    return service::ProjectionBehind();
  }
  Facts facts(question.snapshot, std::move(extent));
  std::optional<Child> child;
  if (has_question) {
    const absl::Status again =
        ShowAgain(facts, then, shown_then, response, &shown, &child);
    if (!again.ok()) return again;
  }
  v1::ViewShown* told = response->mutable_view();
  SetTime(fact->logged, told->mutable_logged());
  told->set_digest_agrees(shown.digest.empty()
                              ? event::v1::ANSWER_NOT_APPLICABLE
                              : YesOrNo(shown.digest == then_viewed.digest()));
  *told->mutable_viewed() = std::move(then_viewed);
  if (has_question) {
    *told->mutable_question() = std::move(shown_then.question);
  }
  if (!SeesCombinedRecord(question.asking.asker)) {
    // Of the whole log, and so of what others publish.
    told->mutable_viewed()->clear_positions();
    told->mutable_viewed()->clear_lag_records();
  }
  *response->mutable_completeness() =
      CompletenessOf(facts, then, child ? &*child : nullptr, question.standing);
  *view = ViewOf(question, request, "GetChronology", facts, shown);
  return absl::OkStatus();
}

// What `filter` names and `choices` do not hold. They are told once, so that
// other violations have room; `told` is how.
void CheckFilter(const google::protobuf::RepeatedPtrField<std::string>& filter,
                 absl::string_view field,
                 const std::vector<std::string>& choices,
                 absl::string_view told, event::Violations* violations) {
  for (int i = 0; i < filter.size(); ++i) {
    if (std::find(choices.begin(), choices.end(), filter[i]) == choices.end()) {
      violations->Add(absl::StrCat(field, "[", i, "]"),
                      event::code::kUnknownEnumValue, std::exchange(told, ""));
    }
  }
}

void CheckFilters(const v1::GetChronologyRequest& request,
                  const std::vector<std::string>& writers,
                  event::Violations* violations) {
  CheckFilter(request.writers(), "writers", writers,
              absl::StrCat("One of ", absl::StrJoin(writers, ", "), "."),
              violations);
  const auto& kinds = *event::v1::Kind::descriptor()->FindOneofByName("kind");
  std::set<std::string> types;
  for (int i = 0; i < kinds.field_count(); ++i) {
    types.emplace(event::TypeOf(
        static_cast<event::v1::Kind::KindCase>(kinds.field(i)->number())));
  }
  const std::string package =
      absl::StrCat(event::v1::Kind::descriptor()->file()->package(), ".");
  std::vector<std::string> names;
  for (const std::string& type : types) {
    names.emplace_back(absl::StripPrefix(type, package));
  }
  CheckFilter(
      request.types(), "types", {types.begin(), types.end()},
      absl::StrCat(package, " and one of ", absl::StrJoin(names, ", "), "."),
      violations);
}

}  // namespace

absl::Status CheckQuestion(const google::protobuf::Message& request,
                           absl::Time now,
                           const std::vector<std::string>& writers) {
  event::Violations violations;
  event::Warnings warnings;
  event::CheckRequest(request, now, &violations, &warnings);
  if (request.GetDescriptor() == v1::FindRequest::descriptor()) {
    const auto& find = static_cast<const v1::FindRequest&>(request);
    if (find.name().empty() && find.birth_date().empty() &&
        !find.has_identifier()) {
      violations.Add("name", event::code::kRequired,
                     "a name, a date of birth or an identifier is required");
    }
  }
  if (request.GetDescriptor() == v1::GetChronologyRequest::descriptor()) {
    if (violations.empty()) {  // a list that is too long is not looked at
      CheckFilters(static_cast<const v1::GetChronologyRequest&>(request),
                   writers, &violations);
    }
  }
  // Positions that are none would be taken for others.
  const auto check_positions = [&](const event::v1::Positions& positions,
                                   absl::string_view field) {
    if (!FromProto(positions)) {
      violations.Add(std::string(field), event::code::kNumberOutOfRange);
    }
  };
  // There must be a position after it.
  const auto* at_least = request.GetDescriptor()->FindFieldByName("at_least");
  if (at_least != nullptr) {
    const auto& wanted = static_cast<const v1::AtLeast&>(
        request.GetReflection()->GetMessage(request, at_least));
    for (int i = 0; i < wanted.positions_size(); ++i) {
      if (wanted.positions(i).offset() == INT64_MAX) {
        violations.Add(absl::StrCat("at_least.positions[", i, "].offset"),
                       event::code::kNumberOutOfRange);
      }
    }
  }
  const auto* as_of = request.GetDescriptor()->FindFieldByName("as_of");
  if (as_of != nullptr) {
    check_positions(static_cast<const v1::AsOf&>(
                        request.GetReflection()->GetMessage(request, as_of))
                        .positions(),
                    "as_of.positions");
  }
  if (request.GetDescriptor() == v1::ReplayRequest::descriptor()) {
    check_positions(static_cast<const v1::ReplayRequest&>(request).begin(),
                    "begin");
  }
  if (violations.empty()) return absl::OkStatus();
  return service::InvalidRequest(violations);
}

absl::Status CheckFrom(const event::v1::Positions& from,
                       const std::map<std::string, size_t>& topics) {
  event::Violations violations;
  for (int i = 0; i < from.topics_size(); ++i) {
    const std::string field = absl::StrCat("from.topics[", i, "]");
    const auto topic = topics.find(from.topics(i).topic());
    if (topic == topics.end()) {
      violations.Add(absl::StrCat(field, ".topic"),
                     event::code::kUnknownEnumValue,
                     "This replay does not read this topic.");
    } else if (static_cast<size_t>(from.topics(i).next_offsets_size()) >
               topic->second) {
      violations.Add(
          absl::StrCat(field, ".next_offsets"), event::code::kListTooLong,
          absl::StrCat("The topic's partitions are ", topic->second, "."));
    }
  }
  if (violations.empty()) return absl::OkStatus();
  return service::InvalidRequest(violations);
}

absl::StatusOr<Asking> Admit(const service::Caller& caller,
                             const v1::Asking& asking) {
  Asking admitted;
  admitted.purpose = asking.purpose();
  for (const NamedRole& role : kRoles) {
    if (caller.HasRole(role.of_register)) {
      admitted.asker.roles.push_back(role.role);
    }
  }
  if (asking.has_organisation()) {
    admitted.asker.organisation = {asking.organisation().scheme(),
                                   asking.organisation().code()};
    if (!caller.MaySpeakFor(asking.organisation())) {
      return service::PermissionDenied("ask.organisation", kPolicyVersion);
    }
  } else if (const std::optional<Organisation> only =
                 caller.OnlyOrganisation()) {
    admitted.asker.organisation = *only;
  } else {
    return OneViolation("asking.organisation", event::code::kRequired);
  }
  const safeguarding::Decision decision =
      safeguarding::DecideAsking(admitted.asker, admitted.purpose);
  if (decision.visibility == Visibility::kNothing) {
    return service::PermissionDenied(decision.rule, kPolicyVersion);
  }
  return admitted;
}

absl::Status Answer(const Question& question, const v1::FindRequest& request,
                    v1::FindResponse* response, View* view) {
  Facts facts(question.snapshot, ExtentFor(question.asking, request.as_of()));
  Shown shown;
  if (absl::Status found =
          Finding(facts, question.asking, request).Find(response, &shown);
      !found.ok()) {
    return found;
  }
  *response->mutable_completeness() =
      CompletenessOf(facts, question.asking, nullptr, question.standing);
  *view = ViewOf(question, request, "Find", facts, shown);
  return facts.status();
}

absl::Status Answer(const Question& question,
                    const v1::GetChronologyRequest& request,
                    v1::GetChronologyResponse* response, View* view) {
  if (request.child_case() == v1::GetChronologyRequest::kViewId) {
    return AnswerAgain(question, request, response, view);
  }
  Extent extent = ExtentFor(question.asking, request.as_of());
  std::optional<PageToken> token;
  if (!request.page_token().empty()) {
    token = ParsePageToken(request.page_token());
    if (!token || token->question != QuestionHash(request)) {
      return OneViolation("page_token", event::code::kPageTokenMismatch);
    }
    extent.positions = token->positions;
  }
  Facts facts(question.snapshot, std::move(extent));
  Shown shown;
  const absl::StatusOr<std::string> subject = SubjectOf(facts, request);
  absl::StatusOr<Child> child =
      subject.ok() ? LoadChild(facts, question.asking, *subject)
                   : absl::StatusOr<Child>(subject.status());
  if (IsAnswer(child.status())) {
    if (subject.ok()) shown.subjects.push_back(AskedFor(*subject));
    SetDigest(v1::GetChronologyResponse(), &shown);
    *view = ViewOf(question, request, "GetChronology", facts, shown);
  }
  if (!child.ok()) return child.status();
  if (token) {
    // Pages stay in the state of knowledge that they began in; but not if it
    // has turned out since that other records are, or are not, of this child.
    Facts now(question.snapshot, ExtentFor(question.asking, request.as_of()));
    const auto identity = ResolveChild(now, *subject);
    if (!identity.ok()) return identity.status();
    if (identity->version != token->version) {
      return OneViolation("page_token", event::code::kPageTokenStale);
    }
  }

  const bool oldest_first = request.order() == v1::ORDER_OLDEST_FIRST;
  const std::vector<Line> lines = Arrange(*child, request);
  const auto begin =
      token ? After(lines, token->last_key, oldest_first) : lines.begin();
  const auto rest = static_cast<size_t>(lines.end() - begin);
  const std::vector<Line> page(
      begin, begin + static_cast<ptrdiff_t>(std::min(rest, PageSize(request))));
  SetScreen(*child, page, question.asking, response, &shown);
  SetLinkConflicts(*child, question.asking, response);
  SetSubjects(child->identity, response);
  SetTies(*child, response);
  *response->mutable_demographics() = child->demographics;
  response->set_total_rows(lines.size());
  *response->mutable_completeness() =
      CompletenessOf(facts, question.asking, &*child, question.standing);
  if (page.size() < rest) {
    PageToken next = {.question = QuestionHash(request),
                      .version = child->identity.version,
                      .last_key = page.back().key};
    if (facts.extent().positions) {
      next.positions = *facts.extent().positions;
    } else if (SeesCombinedRecord(question.asking.asker)) {
      next.positions = facts.snapshot().positions();
    } else {
      next.positions = facts.drawn();
    }
    response->set_next_page_token(ToText(next));
  }
  *view = ViewOf(question, request, "GetChronology", facts, shown);
  return facts.status();
}

absl::Status Answer(const Question& question,
                    const v1::GetEntryRequest& request,
                    v1::GetEntryResponse* response, View* view) {
  Facts facts(question.snapshot, ExtentFor(question.asking, request.as_of()));
  Shown shown;
  Child child;
  const absl::Status answered = EntryContent(
      facts, question.asking, request.event_id(), response, &shown, &child);
  if (!answered.ok() && !absl::IsNotFound(answered)) return answered;
  if (answered.ok()) {
    *response->mutable_completeness() =
        CompletenessOf(facts, question.asking, &child, question.standing);
  } else {
    SetDigest(v1::GetEntryResponse(), &shown);
  }
  *view = ViewOf(question, request, "GetEntry", facts, shown);
  return answered;
}

namespace {

// `shown` without its digest, which is of the events.
View ViewOfEvents(const Question& question, const v1::ReplayRequest& request,
                  const v1::ReplayResponse& response, Shown shown) {
  v1::ReplayResponse covered;
  *covered.mutable_events() = response.events();
  SetDigest(covered, &shown);
  const Facts facts(question.snapshot, {});
  View view = ViewOf(question, request, "Replay", facts, shown);
  *view.viewed.mutable_positions() = response.positions();
  return view;
}

// One record of a child's history, as far as the asker may have it.
struct Passage {
  eventlog::Position position;
  absl::Time logged;
  bool opened = false;
  event::v1::ShownEntry entry = {};
  // Empty if the asker may not have all of it.
  absl::string_view value = {};
};

std::vector<Passage> HistoryOf(const Child& child,
                               const std::vector<Entry>& links,
                               const Asking& asking) {
  std::vector<Passage> history;
  const auto take = [&](const Fact& fact, bool withheld) {
    if (DecideRow(asking, fact).visibility == Visibility::kNothing) return;
    Passage& passage = history.emplace_back(
        Passage{.position = fact.position, .logged = fact.logged});
    passage.opened = true;
    passage.entry = ShownAs(fact.envelope.id, fact.position);
    if (!withheld && IsWhole(asking, fact)) passage.value = *fact.value;
  };
  const auto take_entry = [&](const Entry& entry, bool withheld) {
    take(entry.fact, withheld);
    for (const Fact& conflict : entry.conflicts) take(conflict, withheld);
  };
  for (const Item& item : child.items) {
    take_entry(item.entry, item.seen.visibility != Visibility::kFull);
  }
  for (const Entry& link : links) take_entry(link, false);
  for (const Child::Held& held : child.unreadable) {
    Passage& passage = history.emplace_back(Passage{
        .position = held.record.position, .logged = held.record.logged});
    // Nobody can tell for whom its sections are, so it is given to those who
    // may have the topics as they are.
    if (IsAuditor(asking.asker)) passage.value = held.record.value;
  }
  const auto place = [](const Passage& passage) {
    return std::tie(passage.logged, passage.position);
  };
  std::sort(
      history.begin(), history.end(),
      [&](const Passage& a, const Passage& b) { return place(a) < place(b); });
  history.erase(std::unique(history.begin(), history.end(),
                            [](const Passage& a, const Passage& b) {
                              return a.position == b.position;
                            }),
                history.end());
  return history;
}

}  // namespace

View ViewOfBatch(const Question& question, const v1::ReplayRequest& request,
                 const v1::ReplayResponse& response) {
  Shown shown;
  std::set<std::string> subjects;
  for (const v1::LoggedEvent& logged : response.events()) {
    const absl::StatusOr<event::Envelope> envelope =
        event::Scan(logged.value());
    if (!envelope.ok()) {
      ++shown.quarantined;
      continue;
    }
    AddEntry(ShownAs(envelope->id, {{logged.position().topic(),
                                     logged.position().partition()},
                                    logged.position().offset()}),
             event::v1::VISIBILITY_FULL, &shown);
    if (!envelope->subject.empty()) {
      subjects.insert(std::string(envelope->subject));
    }
  }
  for (const std::string& subject : subjects) {
    event::v1::LinkedSubject& linked = shown.subjects.emplace_back();
    linked.set_subject(subject);
  }
  return ViewOfEvents(question, request, response, std::move(shown));
}

absl::StatusOr<std::vector<Batch>> ReplayChild(
    const Question& question, const v1::ReplayRequest& request) {
  const projection::Positions from =
      FromProto(request.begin()).value_or(projection::Positions{});
  Facts facts(question.snapshot, ExtentOf(question.asking));
  absl::StatusOr<Child> child =
      LoadChild(facts, question.asking, request.subject());
  if (!child.ok() && !absl::IsNotFound(child.status())) return child.status();
  std::vector<Passage> history;
  std::vector<Entry> links;
  Shown shown;
  if (child.ok()) {
    for (const event::v1::LinkedSubject& linked : child->identity.subjects) {
      for (Entry& link : facts.LinksOf(linked.subject())) {
        links.push_back(std::move(link));
      }
    }
    history = HistoryOf(*child, links, question.asking);
    for (const event::v1::LinkedSubject& linked : child->identity.subjects) {
      AddSubject(linked, &shown);
    }
  } else {
    shown.subjects.push_back(AskedFor(request.subject()));
  }
  const v1::Completeness complete =
      CompletenessOf(facts, question.asking, child.ok() ? &*child : nullptr,
                     question.standing);
  if (!facts.status().ok()) return facts.status();

  uint64_t left = request.has_limit() ? request.limit() : UINT64_MAX;
  projection::Positions reached = from;
  std::vector<Batch> batches;
  Shown of_batch = shown;
  size_t bytes = 0;
  const auto finish = [&] {
    Batch& batch = batches.back();
    *batch.response.mutable_positions() = ToProto(reached);
    *batch.response.mutable_completeness() = complete;
    batch.view = ViewOfEvents(question, request, batch.response, of_batch);
    of_batch = shown;
    bytes = 0;
  };
  batches.emplace_back();
  for (const Passage& passage : history) {
    const auto start = from.find(passage.position.partition);
    if (start != from.end() && passage.position.offset < start->second) {
      continue;
    }
    if (request.has_logged_since() &&
        passage.logged < ToTime(request.logged_since())) {
      continue;
    }
    if (left == 0) break;
    --left;
    const auto events =
        static_cast<size_t>(batches.back().response.events_size());
    if (events >= kReplayBatchRecords ||
        (events > 0 && bytes + passage.value.size() > kReplayBatchBytes)) {
      finish();
      batches.emplace_back();
    }
    bytes += passage.value.size();
    v1::LoggedEvent* logged = batches.back().response.add_events();
    *logged->mutable_position() = ToProto(passage.position);
    SetTime(passage.logged, logged->mutable_logged());
    logged->set_value(std::string(passage.value));
    if (!passage.opened) {
      ++of_batch.quarantined;
    } else {
      AddEntry(passage.entry,
               passage.value.empty() ? event::v1::VISIBILITY_NOTICE
                                     : event::v1::VISIBILITY_FULL,
               &of_batch);
    }
    // In the order of logged time a partition's offsets rise: this is what to
    // go on from, also in the middle.
    projection::Cover(reached, passage.position);
  }
  finish();
  return batches;
}

projection::Positions WantedPositions(const v1::AsOf& as_of,
                                      const v1::AtLeast& at_least) {
  projection::Positions wanted =
      FromProto(as_of.positions()).value_or(projection::Positions{});
  for (const event::v1::Position& position : at_least.positions()) {
    projection::Cover(
        wanted, {{position.topic(), position.partition()}, position.offset()});
  }
  for (auto it = wanted.begin(); it != wanted.end();) {
    it = it->second == 0 ? wanted.erase(it) : std::next(it);
  }
  return wanted;
}

projection::Positions PositionsOfPage(const std::string& page_token) {
  const std::optional<PageToken> token = ParsePageToken(page_token);
  return token ? token->positions : projection::Positions{};
}

bool HasEvents(const std::shared_ptr<const projection::Snapshot>& snapshot,
               const Asking& asking, const v1::AtLeast& at_least) {
  Facts facts(snapshot, ExtentOf(asking));
  return std::all_of(
      at_least.event_ids().begin(), at_least.event_ids().end(),
      [&](const std::string& id) { return facts.Event(id).has_value(); });
}

}  // namespace vigil::chronology
