#include "libs/safeguarding/amendments.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "libs/base/check.h"
#include "libs/event/kind.h"
#include "libs/event/named.h"
#include "libs/event/reference.h"
#include "libs/safeguarding/corrections.h"

namespace vigil::safeguarding {
namespace {

using event::KindRole;
using event::v1::ClearPart;
using event::v1::EntryRef;
using event::v1::Kind;
using event::v1::Manner;
using event::v1::RecordRef;
using event::v1::Target;

constexpr absl::string_view kHub = "mash";

// What a correction names of who its subject is, and of incidents.
constexpr absl::string_view kPersonField = "about.person";
constexpr absl::string_view kIncidentRefsField = "submission.incident_refs";

// Answers for all whom the statement or record that they name is about, and not
// only for those whom they are about themselves: what they say is of the
// referral as a whole (kinds.proto; F2, F3, R4-R6).
constexpr Kind::KindCase kAnswersForAll[] = {
    Kind::kReferralConfirmed, Kind::kReferralAcknowledged,
    Kind::kReferralClarified, Kind::kReferralChased};

bool AnswersForAll(absl::string_view type) {
  return std::find(std::begin(kAnswersForAll), std::end(kAnswersForAll),
                   event::KindOf(type)) != std::end(kAnswersForAll);
}

KindRole RoleOf(absl::string_view type) {
  return event::TraitsOf(event::KindOf(type)).role;
}

bool SaysAgain(Manner manner) {
  return manner == event::v1::MANNER_CORRECTS ||
         manner == event::v1::MANNER_SUPPLEMENTS;
}

// Whether who is that to an entry is shown beside it, and is none of its own.
bool IsAbout(Manner manner) {
  switch (manner) {
    case event::v1::MANNER_CORRECTS:
    case event::v1::MANNER_SUPPLEMENTS:
    case event::v1::MANNER_WITHDRAWS:
    case event::v1::MANNER_JUDGES:
    case event::v1::MANNER_GROUPS:
    case event::v1::MANNER_UNGROUPS:
    case event::v1::MANNER_REASSIGNS:
    case event::v1::MANNER_SETTLES:
      return true;
    default:  // also one of a later version
      return false;
  }
}

// Which entries form one incident: a set of disjoint sets.
class Groups {
 public:
  explicit Groups(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }
  size_t Of(size_t i) {
    while (parent_[i] != i) {
      i = parent_[i] = parent_[parent_[i]];
    }
    return i;
  }
  void Join(size_t a, size_t b) { parent_[Of(a)] = Of(b); }

 private:
  std::vector<size_t> parent_;
};

class Amending {
 public:
  // The facts name each subject by one reference.
  Amending(absl::Span<const EntryFact> facts, const Renamings& renamings)
      : facts_(facts),
        renamings_(renamings),
        states_(facts.size()),
        about_(facts.size()),
        reached_(facts.size()),
        stands_(facts.size(), true) {}

  std::vector<EntryState> Run() {
    Index();
    ReachById();
    FindStanding();
    Settle();
    ReachByRecord();
    ReachOriginals();
    SetTargets();
    for (const size_t i : in_order_) {  // the latest word comes last
      Apply(i);
    }
    SetStates();
    Group();
    return std::move(states_);
  }

 private:
  using Order = std::tuple<absl::Time, absl::string_view, int32_t, int64_t,
                           absl::string_view>;
  using Found = std::set<size_t>;

  Order OrderOf(size_t i) const {
    const EntryFact& fact = facts_[i];
    return {fact.logged, fact.topic, fact.partition, fact.offset,
            fact.event_id};
  }

  void Index() {
    in_order_.resize(facts_.size());
    std::iota(in_order_.begin(), in_order_.end(), size_t{0});
    std::sort(in_order_.begin(), in_order_.end(),
              [&](size_t a, size_t b) { return OrderOf(a) < OrderOf(b); });
    for (size_t i = 0; i < facts_.size(); ++i) {
      const EntryFact& fact = facts_[i];
      Check(fact.clear != nullptr, "an entry has a section CLEAR");
      by_id_[{fact.event_id, fact.subject}].push_back(i);
      reached_[i].resize(static_cast<size_t>(fact.clear->targets_size()));
      about_[i] = IsAboutEntries(fact.type, *fact.clear);
      states_[i].people_stand = !about_[i];
      if (!fact.request_key.empty()) {
        by_request_[{fact.source, fact.request_key}].push_back(i);
      }
      if (about_[i]) {
        continue;
      }
      const event::SourceParts source = event::ParseSource(fact.source);
      if (!fact.clear->record().empty()) {
        by_record_[{source.writer, fact.clear->record()}].push_back(i);
      }
      if (fact.header != nullptr &&
          fact.header->submission().has_record_ref()) {
        const RecordRef& ref = fact.header->submission().record_ref();
        by_content_[{source.organisation, ref.system(), ref.id()}].push_back(i);
      }
    }
  }

  const Target& TargetAt(size_t i, size_t place) const {
    return facts_[i].clear->targets(static_cast<int>(place));
  }

  // Whether the target is one: what an act names that is said again (a
  // withdrawal, to correct its reason) it does not do again.
  bool IsTarget(size_t i, size_t place) const {
    const Manner manner = TargetAt(i, place).manner();
    return SaysAgain(manner) || !IsAbout(manner) ||
           !IsActAgain(*facts_[i].clear);
  }

  void ReachById() {
    for (size_t i = 0; i < facts_.size(); ++i) {
      for (size_t place = 0; place < reached_[i].size(); ++place) {
        const Target& target = TargetAt(i, place);
        if (target.event_id().empty() || !IsTarget(i, place)) {
          continue;
        }
        const auto it = by_id_.find(
            {target.event_id(), renamings_.OneOf(target.subject())});
        if (it == by_id_.end()) {
          continue;
        }
        for (const size_t entry : it->second) {
          if (SaysAgain(target.manner())) {
            ReachStatement(i, entry, reached_[i][place]);
          } else if (target.manner() == event::v1::MANNER_ANSWERS) {
            ReachAnswered(i, entry, reached_[i][place]);
          } else {
            reached_[i][place].insert(entry);
          }
        }
      }
    }
  }

  // What a correction reaches that names this entry by its id: of the same
  // statement what stands under its own subject, or else the entry.
  void ReachStatement(size_t i, size_t entry, Found& found) const {
    const EntryFact& named = facts_[entry];
    Found own;
    if (named.subject != facts_[i].subject) {
      own = ActOf(entry, [&](const EntryFact& fact) {
        return fact.subject == facts_[i].subject;
      });
    }
    if (own.empty()) {
      own.insert(entry);
    }
    found.merge(own);
  }

  // What an answer reaches that names this entry by its id.
  void ReachAnswered(size_t i, size_t entry, Found& found) const {
    if (AnswersForAll(facts_[i].type)) {
      found.insert(entry);
      for (const size_t other : StatementOf(entry)) {
        found.insert(other);
      }
      return;
    }
    Found answered;
    ReachStatement(i, entry, answered);
    if (answered.contains(entry) && facts_[entry].elsewhere) {
      Found here =
          ActOf(entry, [](const EntryFact& fact) { return !fact.elsewhere; });
      if (!here.empty()) {
        answered = std::move(here);
      }
    }
    found.merge(answered);
  }

  // Of entries of one record, those that an answer is about.
  void NarrowAnswered(size_t i, Found& found) const {
    if (AnswersForAll(facts_[i].type)) {
      return;
    }
    const bool own = std::any_of(found.begin(), found.end(), [&](size_t entry) {
      return facts_[entry].subject == facts_[i].subject;
    });
    std::erase_if(found, [&](size_t entry) {
      return own ? facts_[entry].subject != facts_[i].subject
                 : facts_[entry].elsewhere;
    });
  }

  // The entries of the statement that this one is of; none if that is not
  // known.
  const std::vector<size_t>& StatementOf(size_t entry) const {
    static const auto& none = *new std::vector<size_t>();  // never destroyed
    const auto it =
        by_request_.find({facts_[entry].source, facts_[entry].request_key});
    return it == by_request_.end() ? none : it->second;
  }

  // Of those the ones that `takes` lets pass and that are of the statement's
  // act: the first of each subject, others being observations beside it.
  template <typename Takes>
  Found ActOf(size_t entry, const Takes& takes) const {
    const auto is_of_act = [&](size_t other) {
      return facts_[other].type == facts_[entry].type && takes(facts_[other]);
    };
    std::map<absl::string_view, uint32_t> first;
    for (const size_t other : StatementOf(entry)) {
      if (!is_of_act(other)) {
        continue;
      }
      const uint32_t index = facts_[other].request_index;
      const auto [it, added] = first.try_emplace(facts_[other].subject, index);
      it->second = std::min(it->second, index);
    }
    Found found;
    for (const size_t other : StatementOf(entry)) {
      if (is_of_act(other) &&
          facts_[other].request_index == first[facts_[other].subject]) {
        found.insert(other);
      }
    }
    return found;
  }

  // Whether what `by` says of `target` changes it.
  bool MayChange(size_t by, size_t target) const {
    return facts_[by].source == facts_[target].source || IsOfHub(by);
  }

  bool IsOfHub(size_t i) const {
    return event::ParseSource(facts_[i].source).writer == kHub;
  }

  // Which facts about entries were not withdrawn themselves. The last logged is
  // looked at first: nothing later can withdraw it, so whether it stands is
  // known when what it withdraws is looked at.
  void FindStanding() {
    for (auto it = in_order_.rbegin(); it != in_order_.rend(); ++it) {
      if (!stands_[*it]) {
        continue;
      }
      for (size_t place = 0; place < reached_[*it].size(); ++place) {
        if (TargetAt(*it, place).manner() != event::v1::MANNER_WITHDRAWS) {
          continue;
        }
        for (const size_t target : reached_[*it][place]) {
          if (about_[target] && MayChange(*it, target) &&
              OrderOf(target) < OrderOf(*it)) {
            stands_[target] = false;
          }
        }
      }
    }
  }

  // Which entries the hub says were meant, by the fact that named them.
  void Settle() {
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (event::KindOf(facts_[i].type) != Kind::kTargetSettled ||
          !stands_[i] || !IsOfHub(i)) {
        continue;
      }
      Found meant;
      for (size_t place = 0; place < reached_[i].size(); ++place) {
        if (TargetAt(i, place).manner() == event::v1::MANNER_SETTLES) {
          meant.insert(reached_[i][place].begin(), reached_[i][place].end());
        }
      }
      for (size_t place = 0; place < reached_[i].size(); ++place) {
        if (TargetAt(i, place).manner() == event::v1::MANNER_CITES) {
          for (const size_t saying : reached_[i][place]) {
            settled_[saying].insert(meant.begin(), meant.end());
          }
        }
      }
    }
  }

  void ReachByRecord() {
    for (size_t i = 0; i < facts_.size(); ++i) {
      std::map<Manner, std::vector<size_t>> places;
      for (size_t place = 0; place < reached_[i].size(); ++place) {
        if (TargetAt(i, place).event_id().empty() && IsTarget(i, place)) {
          places[TargetAt(i, place).manner()].push_back(place);
        }
      }
      for (const auto& [manner, at] : places) {
        const std::vector<const EntryRef*> said = RecordsSaid(i, manner);
        for (size_t n = 0; n < at.size(); ++n) {
          // In the order in which they were said; one that cannot be read
          // leaves none that can be told from it.
          ReachRecord(i, TargetAt(i, at[n]),
                      said.size() == at.size() ? said[n] : nullptr,
                      reached_[i][at[n]]);
        }
      }
      TakeSettled(i);
    }
  }

  // Lets what names one record reach what was settled. Of several records it is
  // not said which was settled: it is the one that reaches that entry; and what
  // reaches nothing reaches what was settled for none of the others.
  void TakeSettled(size_t i) {
    const auto it = settled_.find(i);
    if (it == settled_.end()) {
      return;
    }
    std::vector<Found*> of_records;
    for (size_t place = 0; place < reached_[i].size(); ++place) {
      if (TargetAt(i, place).event_id().empty() && IsTarget(i, place)) {
        of_records.push_back(&reached_[i][place]);
      }
    }
    if (of_records.size() == 1) {
      *of_records.front() = it->second;
      return;
    }
    Found left = it->second;
    for (Found* found : of_records) {
      Found settled = *found;
      std::erase_if(settled,
                    [&](size_t entry) { return !it->second.contains(entry); });
      if (!settled.empty()) {
        std::erase_if(left,
                      [&](size_t entry) { return settled.contains(entry); });
        *found = std::move(settled);
      }
    }
    for (Found* found : of_records) {
      if (found->empty()) {
        *found = left;
      }
    }
  }

  // Of entries of one record those that a fact about entries is about: what
  // stands there under its own subject, if anything does.
  void NarrowAbout(size_t i, Found& found) const {
    const auto is_own = [&](size_t entry) {
      return facts_[entry].subject == facts_[i].subject;
    };
    if (std::any_of(found.begin(), found.end(), is_own)) {
      std::erase_if(found, std::not_fn(is_own));
    }
  }

  void ReachRecord(size_t i, const Target& target, const EntryRef* said,
                   Found& found) const {
    const event::SourceParts source = event::ParseSource(facts_[i].source);
    if (const auto it = by_record_.find({source.writer, target.record()});
        it != by_record_.end()) {
      found.insert(it->second.begin(), it->second.end());
    }
    if (said != nullptr) {
      const std::string organisation =
          said->has_organisation()
              ? event::OrganisationText(said->organisation())
              : std::string(source.organisation);
      const auto it = by_content_.find(
          {organisation, said->record_ref().system(), said->record_ref().id()});
      if (it != by_content_.end()) {
        found.insert(it->second.begin(), it->second.end());
      }
    }
    found.erase(i);
    if (IsAbout(target.manner())) {
      NarrowAbout(i, found);
    }
    if (said != nullptr) {
      std::erase_if(found, [&](size_t entry) {
        return !MayBeVersion(entry, said->record_ref().version());
      });
    }
    if (target.manner() == event::v1::MANNER_ANSWERS) {
      NarrowAnswered(i, found);
    }
  }

  bool MayBeVersion(size_t entry, absl::string_view version) const {
    return version.empty() || facts_[entry].header == nullptr ||
           facts_[entry].header->submission().record_ref().version() == version;
  }

  // The records that a fact names in this manner, in their order, as far as it
  // can be read.
  std::vector<const EntryRef*> RecordsSaid(size_t i, Manner manner) const {
    std::vector<const EntryRef*> said;
    const EntryFact& fact = facts_[i];
    if (SaysAgain(manner)) {
      if (fact.header != nullptr && fact.header->has_amends()) {
        said.push_back(&fact.header->amends().target());
      }
      return said;
    }
    const Manner of_kind =
        event::TraitsOf(fact.kind == nullptr ? event::KindOf(fact.type)
                                             : fact.kind->kind_case())
            .manner;
    const event::NamedVisitor visitor = {
        .subject = [](const auto&, bool, const auto&) {},
        .entry =
            [&](const EntryRef& ref, Manner by_field, const auto&) {
              if (ref.has_record_ref() &&
                  manner == (by_field == event::v1::MANNER_UNSPECIFIED
                                 ? of_kind
                                 : by_field)) {
                said.push_back(&ref);
              }
            },
        .reference = [](const auto&, const auto&) {}};
    if (fact.header != nullptr) {
      event::VisitNamed(fact.header->submission(), visitor);
    }
    if (fact.kind != nullptr) {
      event::VisitNamed(*fact.kind, visitor);
    }
    return said;
  }

  // A correction of a correction is one of what that corrects. Of what is of
  // another type it is none.
  void ReachOriginals() {
    std::vector<std::vector<Found>> originals = reached_;
    for (size_t i = 0; i < facts_.size(); ++i) {
      for (size_t place = 0; place < reached_[i].size(); ++place) {
        if (!SaysAgain(TargetAt(i, place).manner())) {
          continue;
        }
        Found passed;
        Found found;
        std::vector<size_t> next(reached_[i][place].begin(),
                                 reached_[i][place].end());
        while (!next.empty()) {
          const size_t entry = next.back();
          next.pop_back();
          if (!passed.insert(entry).second) {
            continue;
          }
          if (!IsActAgain(*facts_[entry].clear)) {
            found.insert(entry);
            continue;
          }
          for (size_t at = 0; at < reached_[entry].size(); ++at) {
            if (SaysAgain(TargetAt(entry, at).manner())) {
              next.insert(next.end(), reached_[entry][at].begin(),
                          reached_[entry][at].end());
            }
          }
        }
        std::erase_if(found, [&](size_t entry) {
          return facts_[entry].type != facts_[i].type;
        });
        originals[i][place] = std::move(found);
      }
    }
    reached_ = std::move(originals);
  }

  void SetTargets() {
    for (size_t i = 0; i < facts_.size(); ++i) {
      Found targets;
      Found answers;
      for (size_t place = 0; place < reached_[i].size(); ++place) {
        Found& found = reached_[i][place];
        const Manner manner = TargetAt(i, place).manner();
        found.erase(i);  // nothing is about itself
        if (manner == event::v1::MANNER_REVOKES || !IsTarget(i, place)) {
          continue;  // links are no entries
        }
        if (found.empty()) {
          states_[i].unmatched.push_back(static_cast<int>(place));
        }
        (IsAbout(manner) ? targets : answers)
            .insert(found.begin(), found.end());
      }
      states_[i].targets.assign(targets.begin(), targets.end());
      states_[i].answers.assign(answers.begin(), answers.end());
    }
  }

  void Apply(size_t i) {
    std::map<Manner, Found> said;  // one that names an entry twice says it once
    for (size_t place = 0; place < reached_[i].size(); ++place) {
      said[TargetAt(i, place).manner()].insert(reached_[i][place].begin(),
                                               reached_[i][place].end());
    }
    for (const auto& [manner, targets] : said) {
      for (const size_t target : targets) {
        ApplyTo(target, i, manner);
      }
    }
  }

  void ApplyTo(size_t target, size_t i, Manner manner) {
    EntryState& state = states_[target];
    const bool changes = stands_[i] && MayChange(i, target);
    switch (manner) {
      case event::v1::MANNER_CORRECTS:
        state.amendments.push_back(i);
        if (!changes || about_[target]) {
          break;
        }
        state.corrections.push_back(i);
        state.state = std::min(state.state, State::kCorrected);
        if (Corrects(*facts_[i].clear, kPersonField)) {
          state.people_stand = false;
        }
        if (Corrects(*facts_[i].clear, kIncidentRefsField)) {
          corrected_refs_[target] = i;
        }
        break;
      case event::v1::MANNER_SUPPLEMENTS:
        state.amendments.push_back(i);
        if (stands_[i]) {
          state.supplements.push_back(i);
        }
        break;
      case event::v1::MANNER_WITHDRAWS:
        state.amendments.push_back(i);
        // What another fact about entries withdrew too early for it to count
        // still stands.
        if (!changes || (about_[target] && stands_[target])) {
          break;
        }
        state.state = State::kWithdrawn;
        state.withdrawals.push_back(i);
        state.people_stand = false;
        break;
      case event::v1::MANNER_JUDGES:
        if (stands_[i]) {
          state.significance = JudgedBy(i);
          state.significance_by = i;
        }
        break;
      case event::v1::MANNER_REASSIGNS:
        state.amendments.push_back(i);
        if (changes && facts_[i].clear->decided().other_size() > 0) {
          state.reassigned_to = facts_[i].clear->decided().other(0);
          state.people_stand = false;
        }
        break;
      default:  // groupings: Group; settlements: Settle
        break;
    }
  }

  event::v1::Significance JudgedBy(size_t i) const {
    if (facts_[i].kind == nullptr) {
      return event::v1::SIGNIFICANCE_UNSPECIFIED;
    }
    const event::v1::Significance judged =
        facts_[i].kind->significance_judged().significance();
    return judged == event::v1::SIGNIFICANCE_UNSPECIFIED
               ? event::v1::SIGNIFICANCE_NOT_YET_JUDGED
               : judged;
  }

  void SetStates() {
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (facts_[i].conflict) {
        states_[i].state = std::min(states_[i].state, State::kConflict);
      }
      if (facts_[i].provisional) {
        states_[i].state = std::min(states_[i].state, State::kProvisional);
      }
    }
  }

  // The entries that a fact groups or ungroups; none if it may not. Who groups
  // entries of several sources is the hub.
  Found GroupedBy(size_t by, Manner manner) const {
    Found grouped;
    if (!stands_[by]) {
      return grouped;
    }
    for (size_t place = 0; place < reached_[by].size(); ++place) {
      if (TargetAt(by, place).manner() == manner) {
        grouped.insert(reached_[by][place].begin(), reached_[by][place].end());
      }
    }
    if (!std::all_of(grouped.begin(), grouped.end(),
                     [&](size_t target) { return MayChange(by, target); })) {
      grouped.clear();
    }
    return grouped;
  }

  bool IsGroupable(size_t i) const {
    return !about_[i] && !facts_[i].elsewhere;
  }

  void Group() {
    Groups groups(facts_.size());
    // The latest ungrouping of each.
    std::map<size_t, size_t> ungrouped;
    for (const size_t i : in_order_) {
      for (const size_t target : GroupedBy(i, event::v1::MANNER_UNGROUPS)) {
        ungrouped[target] = i;
      }
    }
    for (const size_t i : in_order_) {
      std::optional<size_t> first;
      for (const size_t target : GroupedBy(i, event::v1::MANNER_GROUPS)) {
        const auto it = ungrouped.find(target);
        if (!IsGroupable(target) ||
            (it != ungrouped.end() && OrderOf(i) < OrderOf(it->second))) {
          continue;
        }
        if (first) {
          groups.Join(*first, target);
        }
        first = target;
      }
    }
    std::map<std::pair<absl::string_view, absl::string_view>, size_t> incidents;
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (!IsGroupable(i) || ungrouped.contains(i)) {
        continue;
      }
      for (const event::v1::IncidentRef& ref : IncidentRefsOf(i)) {
        if (ref.issuer().empty() || ref.id().empty()) {
          continue;
        }
        const auto [it, is_new] =
            incidents.try_emplace({ref.issuer(), ref.id()}, i);
        if (!is_new) {
          groups.Join(i, it->second);
        }
      }
    }
    FillGroups(groups);
  }

  const google::protobuf::RepeatedPtrField<event::v1::IncidentRef>&
  IncidentRefsOf(size_t i) const {
    const auto it = corrected_refs_.find(i);
    const event::v1::Header* header =
        facts_[it == corrected_refs_.end() ? i : it->second].header;
    return (header == nullptr ? event::v1::Header::default_instance() : *header)
        .submission()
        .incident_refs();
  }

  void FillGroups(Groups& groups) {
    std::map<size_t, std::vector<size_t>> members;
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (IsGroupable(i)) {
        members[groups.Of(i)].push_back(i);
      }
    }
    for (auto& [group, entries] : members) {
      std::sort(entries.begin(), entries.end(), [&](size_t a, size_t b) {
        return facts_[a].event_id < facts_[b].event_id;
      });
      for (const size_t entry : entries) {
        const absl::string_view own =
            event::ParseSource(facts_[entry].source).organisation;
        std::set<std::string> others;
        for (const size_t other : entries) {
          if (other == entry) {
            continue;
          }
          states_[entry].incident_group.push_back(other);
          const absl::string_view organisation =
              event::ParseSource(facts_[other].source).organisation;
          if (states_[other].state != State::kWithdrawn &&
              organisation != own) {
            others.emplace(organisation);
          }
        }
        states_[entry].also_reported_by.assign(others.begin(), others.end());
      }
    }
  }

  absl::Span<const EntryFact> facts_;
  const Renamings& renamings_;
  std::vector<EntryState> states_;
  std::vector<bool> about_;  // it is about entries
  // What each target of each fact reaches.
  std::vector<std::vector<Found>> reached_;
  std::vector<bool> stands_;      // of facts about entries
  std::vector<size_t> in_order_;  // by OrderOf
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>,
                      std::vector<size_t>>
      by_id_;  // and subject
  // Entries, not what is about them: by writer and record's HMAC; by
  // organisation, system and id of the record.
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>,
                      std::vector<size_t>>
      by_record_;
  absl::flat_hash_map<
      std::tuple<absl::string_view, absl::string_view, absl::string_view>,
      std::vector<size_t>>
      by_content_;
  // By source and request.
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>,
                      std::vector<size_t>>
      by_request_;
  std::map<size_t, Found> settled_;  // what the hub says was meant by each
  // The correction that states the incident references anew.
  std::map<size_t, size_t> corrected_refs_;
};

}  // namespace

bool IsAboutEntries(absl::string_view type, const ClearPart& clear) {
  return RoleOf(type) == KindRole::kAboutEntry ||
         std::any_of(
             clear.targets().begin(), clear.targets().end(),
             [](const Target& target) { return IsAbout(target.manner()); });
}

bool IsActAgain(const ClearPart& clear) {
  return std::any_of(
      clear.targets().begin(), clear.targets().end(),
      [](const Target& target) { return SaysAgain(target.manner()); });
}

std::vector<EntryState> Amend(absl::Span<const EntryFact> facts,
                              const Renamings& renamings) {
  std::vector<EntryFact> of_one(facts.begin(), facts.end());
  for (EntryFact& fact : of_one) {
    fact.subject = renamings.OneOf(fact.subject);
  }
  return Amending(of_one, renamings).Run();
}

}  // namespace vigil::safeguarding
