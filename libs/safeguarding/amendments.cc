#include "libs/safeguarding/amendments.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "libs/base/check.h"
#include "libs/event/reference.h"

namespace vigil::safeguarding {
namespace {

using event::v1::EventRef;
using event::v1::Kind;

constexpr absl::string_view kHub = "mash";

// The fields that a correction names of what it corrects.
constexpr absl::string_view kPeopleField = "people";
constexpr absl::string_view kIncidentRefsField = "header.incident_refs";

// Whether `field` is `path`, or the whole that it is part of, or a part of it.
bool Concerns(absl::string_view field, absl::string_view path) {
  const auto is_part = [](absl::string_view part, absl::string_view whole) {
    return absl::StartsWith(part, whole) &&
           (part.size() == whole.size() || part[whole.size()] == '.' ||
            part[whole.size()] == '[');
  };
  return is_part(field, path) || is_part(path, field);
}

template <typename Fields>
bool AnyConcerns(const Fields& fields, absl::string_view path) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return Concerns(field, path); });
}

// What one event says of others.
struct Saying {
  const EventRef* target = nullptr;  // or
  std::vector<absl::string_view> event_ids;
};

// Nothing for a casework entry. A new kind must decide here.
std::optional<Saying> SayingOf(const Kind* kind) {
  if (kind == nullptr) {
    return std::nullopt;
  }
  const auto listed = [](const auto& ids) {
    Saying saying;
    saying.event_ids.assign(ids.begin(), ids.end());
    return saying;
  };
  switch (kind->kind_case()) {
    case Kind::kEntryCorrected:
      return Saying{&kind->entry_corrected().target(), {}};
    case Kind::kEntrySupplemented:
      return Saying{&kind->entry_supplemented().target(), {}};
    case Kind::kEntryWithdrawn:
      return Saying{&kind->entry_withdrawn().target(), {}};
    case Kind::kSignificanceJudged:
      return Saying{&kind->significance_judged().target(), {}};
    case Kind::kEntriesGrouped:
      return listed(kind->entries_grouped().event_ids());
    case Kind::kEntriesUngrouped:
      return listed(kind->entries_ungrouped().event_ids());
    case Kind::kEntryReassigned:
      return Saying{nullptr, {kind->entry_reassigned().event_id()}};
    case Kind::kSubjectRegistered:
    case Kind::kConcernRaised:
    case Kind::kReferralMade:
    case Kind::kReferralConfirmed:
    case Kind::kReferralAcknowledged:
    case Kind::kReferralDecided:
    case Kind::kEnquiryMade:
    case Kind::kEnquiryAnswered:
    case Kind::kSharingDecided:
    case Kind::kConsentRecorded:
    case Kind::kIncidentAttended:
    case Kind::kContactMade:
    case Kind::kHomeVisited:
    case Kind::kObservationMade:
    case Kind::kServiceContact:
    case Kind::kServiceOffered:
    case Kind::kPriorityRated:
    case Kind::kAssessmentStepped:
    case Kind::kInvestigationStepped:
    case Kind::kMeetingHeld:
    case Kind::kPlanStepped:
    case Kind::kProgressReported:
    case Kind::kMeasureTaken:
    case Kind::kArrangementChanged:
    case Kind::kMissingReported:
    case Kind::kNoticeGiven:
    case Kind::kResponsibilityChanged:
    case Kind::kRepresentationMade:
    case Kind::kLifeEventRecorded:
    case Kind::kAllegationMade:
    case Kind::kSubjectsLinked:
    case Kind::kLinkRevoked:
    case Kind::kSubjectsSeparated:
    case Kind::kSeparationRevoked:
    case Kind::kSubjectRenamed:
    case Kind::kRecordViewed:
    case Kind::kNamingKeyRegistered:
    case Kind::kNamingKeyReplaced:
    case Kind::KIND_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
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
  explicit Amending(absl::Span<const EntryFact> facts)
      : facts_(facts), states_(facts.size()), stands_(facts.size(), true) {}

  std::vector<EntryState> Run() {
    Index();
    FindTargets();
    FindStanding();
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
    for (const size_t i : in_order_) {
      Check(facts_[i].header != nullptr, "an entry has a header");
      by_id_[facts_[i].event_id].push_back(i);
      sayings_.push_back(std::nullopt);
    }
    for (size_t i = 0; i < facts_.size(); ++i) {
      sayings_[i] = SayingOf(facts_[i].kind);
      if (!sayings_[i] && facts_[i].header->has_record_ref()) {
        const event::v1::RecordRef& ref = facts_[i].header->record_ref();
        by_record_[{facts_[i].source, ref.system(), ref.id()}].push_back(i);
      }
    }
  }

  void FindTargets() {
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (!sayings_[i]) {
        continue;
      }
      std::set<size_t> targets;
      const auto add_id = [&](absl::string_view id) {
        if (const auto it = by_id_.find(id); it != by_id_.end()) {
          targets.insert(it->second.begin(), it->second.end());
        }
      };
      for (const absl::string_view id : sayings_[i]->event_ids) {
        add_id(id);
      }
      if (const EventRef* ref = sayings_[i]->target) {
        if (ref->ref_case() == EventRef::kEventId) {
          add_id(ref->event_id());
        } else if (ref->ref_case() == EventRef::kRecordRef) {
          const event::v1::RecordRef& record = ref->record_ref();
          const auto it =
              by_record_.find({facts_[i].source, record.system(), record.id()});
          if (it != by_record_.end()) {
            for (const size_t target : it->second) {
              if (record.version().empty() ||
                  record.version() ==
                      facts_[target].header->record_ref().version()) {
                targets.insert(target);
              }
            }
          }
        }
      }
      targets.erase(i);  // nothing is about itself
      states_[i].targets.assign(targets.begin(), targets.end());
    }
  }

  // Whether what `by` says of `target` changes it.
  bool MayChange(size_t by, size_t target) const {
    return facts_[by].source == facts_[target].source ||
           event::ParseSource(facts_[by].source).writer == kHub;
  }

  bool IsWholeWithdrawal(size_t i) const {
    return facts_[i].kind != nullptr && facts_[i].kind->has_entry_withdrawn() &&
           facts_[i].kind->entry_withdrawn().fields().empty();
  }

  // Which sayings were not withdrawn themselves. The last logged is looked at
  // first: nothing later can withdraw it, so whether it stands is known when
  // what it withdraws is looked at.
  void FindStanding() {
    for (auto it = in_order_.rbegin(); it != in_order_.rend(); ++it) {
      if (!stands_[*it] || !IsWholeWithdrawal(*it)) {
        continue;
      }
      for (const size_t target : states_[*it].targets) {
        if (sayings_[target] && MayChange(*it, target) &&
            OrderOf(target) < OrderOf(*it)) {
          stands_[target] = false;
        }
      }
    }
  }

  void Apply(size_t i) {
    if (!sayings_[i]) {
      return;
    }
    const Kind& kind = *facts_[i].kind;
    for (const size_t target : states_[i].targets) {
      EntryState& state = states_[target];
      const bool changes = stands_[i] && MayChange(i, target);
      switch (kind.kind_case()) {
        case Kind::kEntryCorrected: {
          state.amendments.push_back(i);
          if (!changes) {
            break;
          }
          state.state = std::min(state.state, State::kCorrected);
          const auto& fields = kind.entry_corrected().fields();
          if (AnyConcerns(fields, kPeopleField)) {
            state.people_stand = false;
          }
          if (AnyConcerns(fields, kIncidentRefsField)) {
            corrected_refs_[target] = i;
          }
          break;
        }
        case Kind::kEntrySupplemented:
          state.amendments.push_back(i);
          break;
        case Kind::kEntryWithdrawn: {
          state.amendments.push_back(i);
          if (!changes) {
            break;
          }
          // A saying that another event withdrew too early for it to count
          // still stands.
          const auto& fields = kind.entry_withdrawn().fields();
          const bool whole = fields.empty();
          if (whole && sayings_[target] && stands_[target]) {
            break;
          }
          state.state = std::min(state.state,
                                 whole ? State::kWithdrawn : State::kCorrected);
          if (whole || AnyConcerns(fields, kPeopleField)) {
            state.people_stand = false;
          }
          if (!whole && AnyConcerns(fields, kIncidentRefsField)) {
            corrected_refs_[target] = std::nullopt;
          }
          break;
        }
        case Kind::kSignificanceJudged:
          if (stands_[i]) {
            const event::v1::Significance judged =
                kind.significance_judged().significance();
            state.significance = judged == event::v1::SIGNIFICANCE_UNSPECIFIED
                                     ? event::v1::SIGNIFICANCE_NOT_YET_JUDGED
                                     : judged;
            state.significance_by = i;
          }
          break;
        case Kind::kEntryReassigned:
          state.amendments.push_back(i);
          if (changes) {
            state.reassigned_to = kind.entry_reassigned().to_subject();
            state.people_stand = false;
          }
          break;
        default:  // groupings: Group
          break;
      }
    }
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

  // Who groups entries of several sources is the hub.
  bool MayGroup(size_t by) const {
    return stands_[by] &&
           std::all_of(states_[by].targets.begin(), states_[by].targets.end(),
                       [&](size_t target) { return MayChange(by, target); });
  }

  void Group() {
    Groups groups(facts_.size());
    // The latest ungrouping of each.
    std::map<size_t, size_t> ungrouped;
    for (const size_t i : in_order_) {
      if (facts_[i].kind != nullptr &&
          facts_[i].kind->has_entries_ungrouped() && MayGroup(i)) {
        for (const size_t target : states_[i].targets) {
          ungrouped[target] = i;
        }
      }
    }
    for (const size_t i : in_order_) {
      if (facts_[i].kind == nullptr || !facts_[i].kind->has_entries_grouped() ||
          !MayGroup(i)) {
        continue;
      }
      std::optional<size_t> first;
      for (const size_t target : states_[i].targets) {
        const auto it = ungrouped.find(target);
        if (sayings_[target] ||
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
      if (sayings_[i] || ungrouped.contains(i)) {
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
    static const auto* const kNone =
        new google::protobuf::RepeatedPtrField<event::v1::IncidentRef>();
    const auto it = corrected_refs_.find(i);
    if (it == corrected_refs_.end()) {
      return facts_[i].header->incident_refs();
    }
    return it->second ? facts_[*it->second].header->incident_refs() : *kNone;
  }

  void FillGroups(Groups& groups) {
    std::map<size_t, std::vector<size_t>> members;
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (!sayings_[i]) {
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
  std::vector<EntryState> states_;
  std::vector<bool> stands_;      // for sayings
  std::vector<size_t> in_order_;  // by OrderOf
  std::vector<std::optional<Saying>> sayings_;
  absl::flat_hash_map<absl::string_view, std::vector<size_t>> by_id_;
  // Casework entries by source, system and id of the record.
  std::map<std::tuple<absl::string_view, absl::string_view, absl::string_view>,
           std::vector<size_t>>
      by_record_;
  // The correction that states the incident references anew; nothing:
  // withdrawn.
  std::map<size_t, std::optional<size_t>> corrected_refs_;
};

}  // namespace

bool IsAboutEntries(const Kind& kind) { return SayingOf(&kind).has_value(); }

std::vector<EntryState> Amend(absl::Span<const EntryFact> facts) {
  return Amending(facts).Run();
}

}  // namespace vigil::safeguarding
