#include "libs/safeguarding/identity.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/hash.h"
#include "libs/base/parts.h"
#include "libs/base/upn.h"
#include "libs/event/kind.h"
#include "libs/event/reference.h"
#include "libs/safeguarding/amendments.h"
#include "libs/safeguarding/compare.h"
#include "libs/safeguarding/names.h"

namespace vigil::safeguarding {
namespace {

using event::v1::Demographics;
using event::v1::Identifier;
using event::v1::LINK_KIND_ASKED;
using event::v1::LINK_KIND_DECISION;
using event::v1::LINK_KIND_RENAMED;
using event::v1::LINK_KIND_RULE;
using event::v1::LinkKind;

// How many scans of an index one question may cost for possible matches; a
// child with many names and systems needs a few dozen.
constexpr size_t kMaxPossibleMatchScans = 200;
// How many people are looked at for them.
constexpr size_t kMaxPossibleMatchPeople = 500;

std::string IdentifierKey(const Identifier& identifier) {
  return EncodeParts({absl::StrCat(identifier.type()), identifier.value(),
                      identifier.system()});
}

// Whether it may link at all.
bool MayLink(const Identifier& identifier) {
  if (identifier.holder() != event::v1::IDENTIFIER_HOLDER_SELF ||
      identifier.verified() != event::v1::ANSWER_YES ||
      identifier.value().empty()) {
    return false;
  }
  switch (identifier.type()) {
    case event::v1::IDENTIFIER_TYPE_NHS_NUMBER:
      return !IsPlaceholder(identifier);
    case event::v1::IDENTIFIER_TYPE_UPN:
      return !IsTemporaryUpn(identifier.value());
    default:
      return false;
  }
}

// What the rule looks at, of all that was said of one person.
struct Traits {
  std::map<std::string, Identifier> linking;  // by IdentifierKey
  std::set<std::string> own_nhs_numbers;      // verified or not
  std::set<std::string> own_upns;
  std::set<std::string> birth_dates;  // as precise as each was given
  GivenNames given_names;
  bool female = false;
  bool male = false;
  // Known by number in one record, and nobody decided who that is.
  bool unplaced = false;

  Traits() = default;
  explicit Traits(const std::vector<Demographics>& said_of_person) {
    for (const Demographics& said : said_of_person) {
      for (const Identifier& identifier : said.identifiers()) {
        if (MayLink(identifier)) {
          linking.try_emplace(IdentifierKey(identifier), identifier);
        }
        if (identifier.holder() != event::v1::IDENTIFIER_HOLDER_SELF) {
          continue;
        }
        if (identifier.type() == event::v1::IDENTIFIER_TYPE_NHS_NUMBER &&
            !IsPlaceholder(identifier)) {
          own_nhs_numbers.insert(identifier.value());
        } else if (identifier.type() == event::v1::IDENTIFIER_TYPE_UPN) {
          own_upns.insert(identifier.value());
        }
      }
      if (IsDate(said.birth().date())) {
        birth_dates.insert(said.birth().date());
      }
      for (const event::v1::PersonName& name : said.names()) {
        given_names.Add(name);
      }
      female = female || said.sex() == event::v1::SEX_FEMALE;
      male = male || said.sex() == event::v1::SEX_MALE;
    }
  }

  void Add(const Traits& other) {
    linking.insert(other.linking.begin(), other.linking.end());
    own_nhs_numbers.insert(other.own_nhs_numbers.begin(),
                           other.own_nhs_numbers.end());
    own_upns.insert(other.own_upns.begin(), other.own_upns.end());
    birth_dates.insert(other.birth_dates.begin(), other.birth_dates.end());
    given_names.Add(other.given_names);
    female = female || other.female;
    male = male || other.male;
  }

  // The full date of birth; empty if none is known.
  absl::string_view BirthDate() const {
    for (const std::string& date : birth_dates) {
      if (IsFullDate(date)) {
        return date;
      }
    }
    return {};
  }

  // Whether the less precise dates are all part of the most precise one.
  bool BirthDatesAgree() const {
    absl::string_view most;
    for (const std::string& date : birth_dates) {
      if (date.size() > most.size()) {
        most = date;
      }
    }
    return std::all_of(birth_dates.begin(), birth_dates.end(),
                       [&](const std::string& date) {
                         return most.substr(0, date.size()) == date;
                       });
  }

  bool AgreesWithItself() const {
    return own_nhs_numbers.size() <= 1 && own_upns.size() <= 1 &&
           !(female && male) && BirthDatesAgree();
  }

  // Whether a rule can link this person to anybody.
  bool CanLink() const {
    return !unplaced && !linking.empty() && !BirthDate().empty() &&
           AgreesWithItself();
  }

  bool Contradicts(const Traits& other) const {
    if (given_names.Contradict(other.given_names)) {
      return true;
    }
    Traits both = *this;
    both.Add(other);
    return !both.AgreesWithItself();
  }

  bool SharesLinking(const Traits& other) const {
    return std::any_of(linking.begin(), linking.end(), [&](const auto& entry) {
      return other.linking.contains(entry.first);
    });
  }
};

// Whether the rule links these two, if nobody else makes it doubtful.
bool RuleAgrees(const Traits& one, const Traits& other) {
  return one.CanLink() && other.CanLink() &&
         one.BirthDate() == other.BirthDate() && one.SharesLinking(other) &&
         !one.Contradicts(other);
}

// A subject under all its references: what renaming has made one. A separation
// that tells some of them apart takes them for different subjects.
struct Node {
  std::vector<std::string> subjects;  // sorted
  std::vector<Demographics> said;
  Traits traits;
  std::vector<Link> links;
};

// What ties two subjects; `a` < `b`.
struct Edge {
  LinkKind kind;
  std::string event_id;
  std::string a;
  std::string b;
  size_t node_a;
  size_t node_b;

  std::tuple<int, std::string, std::string, std::string> Key() const {
    // A renaming says most, then what a person decided.
    const int rank = kind == LINK_KIND_RENAMED    ? 0
                     : kind == LINK_KIND_DECISION ? 1
                                                  : 2;
    return {rank, event_id, a, b};
  }
};

using NodeSet = std::set<size_t>;

// All that may hang together with one subject, before anything is cut.
class Surroundings {
 public:
  explicit Surroundings(const IdentityFacts& facts) : facts_(facts) {}

  // The node of the subject, made if it is new.
  absl::StatusOr<size_t> Load(const std::string& subject);

  // Finds everything that edges of any kind reach.
  absl::Status Explore(const std::string& asked);

  bool too_many() const { return too_many_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<size_t>& reached() const { return reached_; }
  // Aborts unless the subject was loaded.
  size_t NodeOf(const std::string& subject) const {
    return node_of_.at(subject);
  }
  bool Knows(const std::string& subject) const {
    return node_of_.contains(subject);
  }
  // By event id.
  const std::map<std::string, Separation>& separations() const {
    return separations_;
  }

  // Every edge among what was reached, sorted and none twice.
  std::vector<Edge> Edges() const;

 private:
  void AddDecisions(std::vector<Edge>& edges) const;
  void AddRules(std::vector<Edge>& edges) const;
  void AddEdge(LinkKind kind, const std::string& event_id,
               const std::string& one, const std::string& other,
               std::vector<Edge>& edges) const;

  const IdentityFacts& facts_;
  std::vector<Node> nodes_;
  std::map<std::string, size_t> node_of_;  // also of nodes that none reach
  std::vector<size_t> reached_;
  NodeSet reached_set_;
  std::map<std::string, Separation> separations_;
  bool too_many_ = false;
};

bool Holds(const std::vector<std::string>& group, const std::string& subject) {
  return std::find(group.begin(), group.end(), subject) != group.end();
}

// Whether a separation has two different ones of them on its two sides.
bool Parts(const Separation& separation,
           const std::vector<std::string>& subjects) {
  for (const std::string& one : subjects) {
    for (const std::string& other : subjects) {
      if (one != other && Holds(separation.group_a, one) &&
          Holds(separation.group_b, other)) {
        return true;
      }
    }
  }
  return false;
}

absl::StatusOr<size_t> Surroundings::Load(const std::string& subject) {
  if (const auto it = node_of_.find(subject); it != node_of_.end()) {
    return it->second;
  }
  // Everything that renaming makes one with it.
  struct Loaded {
    std::vector<Demographics> said;
    std::vector<Link> links;
  };
  std::map<std::string, Loaded> renamed;
  std::vector<Separation> separations;
  std::vector<std::string> next = {subject};
  while (!next.empty()) {
    const std::string current = std::move(next.back());
    next.pop_back();
    if (renamed.contains(current)) {
      continue;
    }
    if (renamed.size() >= kMaxLinkedSubjects) {
      too_many_ = true;
      break;
    }
    Loaded& loaded = renamed[current];
    absl::StatusOr<std::vector<Demographics>> said = facts_.Person(current);
    if (!said.ok()) {
      return said.status();
    }
    loaded.said = *std::move(said);
    absl::StatusOr<std::vector<Link>> links = facts_.LinksOf(current);
    if (!links.ok()) {
      return links.status();
    }
    loaded.links = *std::move(links);
    absl::StatusOr<std::vector<Separation>> parted =
        facts_.SeparationsOf(current);
    if (!parted.ok()) {
      return parted.status();
    }
    std::move(parted->begin(), parted->end(), std::back_inserter(separations));
    for (const Link& link : loaded.links) {
      if (link.kind == LINK_KIND_RENAMED && Holds(link.subjects, current)) {
        next.insert(next.end(), link.subjects.begin(), link.subjects.end());
      }
    }
  }

  std::vector<std::string> subjects;
  for (const auto& [name, loaded] : renamed) {
    subjects.push_back(name);
  }
  const bool one = std::none_of(separations.begin(), separations.end(),
                                [&](const Separation& separation) {
                                  return Parts(separation, subjects);
                                });
  for (Separation& separation : separations) {
    std::string id = separation.event_id;
    separations_.try_emplace(std::move(id), std::move(separation));
  }
  for (auto& [name, loaded] : renamed) {
    if (!one || name == subjects.front()) {
      nodes_.emplace_back();
    }
    Node& node = nodes_.back();
    node.subjects.push_back(name);
    std::move(loaded.said.begin(), loaded.said.end(),
              std::back_inserter(node.said));
    std::move(loaded.links.begin(), loaded.links.end(),
              std::back_inserter(node.links));
    node.traits = Traits(node.said);
    node.traits.unplaced =
        std::none_of(node.subjects.begin(), node.subjects.end(),
                     [&](const std::string& subject_of_node) {
                       return MayBeFound(subject_of_node, node.links);
                     });
    node_of_[name] = nodes_.size() - 1;
  }
  return node_of_.at(subject);
}

absl::Status Surroundings::Explore(const std::string& asked) {
  size_t subjects = 0;
  const auto reach = [&](size_t node) {
    if (reached_set_.insert(node).second) {
      reached_.push_back(node);
      subjects += nodes_[node].subjects.size();
    }
  };
  absl::StatusOr<size_t> first = Load(asked);
  if (!first.ok()) {
    return first.status();
  }
  reach(*first);
  for (size_t i = 0; i < reached_.size(); ++i) {
    if (subjects > kMaxLinkedSubjects) {
      too_many_ = true;
    }
    if (too_many_ && i > 0) {
      break;  // the neighbours of the one asked about are shown
    }
    // Copies: loading moves nodes about.
    const std::vector<Link> links = nodes_[reached_[i]].links;
    const Traits traits = nodes_[reached_[i]].traits;
    for (const Link& link : links) {
      for (const std::string& subject : link.subjects) {
        absl::StatusOr<size_t> node = Load(subject);
        if (!node.ok()) {
          return node.status();
        }
        reach(*node);
      }
    }
    if (!traits.CanLink()) {
      continue;
    }
    for (const auto& [key, identifier] : traits.linking) {
      absl::StatusOr<Found> holders =
          facts_.HoldersOf(identifier, kMaxLinkedSubjects);
      if (!holders.ok()) {
        return holders.status();
      }
      if (!holders->all) {
        too_many_ = true;
      }
      for (const std::string& subject : holders->subjects) {
        absl::StatusOr<size_t> node = Load(subject);
        if (!node.ok()) {
          return node.status();
        }
        const Traits& theirs = nodes_[*node].traits;
        if (theirs.CanLink() && theirs.linking.contains(key) &&
            theirs.BirthDate() == traits.BirthDate()) {
          reach(*node);
        }
      }
    }
  }
  return absl::OkStatus();
}

void Surroundings::AddEdge(LinkKind kind, const std::string& event_id,
                           const std::string& one, const std::string& other,
                           std::vector<Edge>& edges) const {
  const auto& [a, b] = std::minmax(one, other);
  edges.push_back({.kind = kind,
                   .event_id = event_id,
                   .a = a,
                   .b = b,
                   .node_a = NodeOf(a),
                   .node_b = NodeOf(b)});
}

void Surroundings::AddDecisions(std::vector<Edge>& edges) const {
  std::map<std::string, const Link*> links;
  for (const size_t node : reached_) {
    for (const Link& link : nodes_[node].links) {
      links.try_emplace(link.event_id, &link);
    }
  }
  for (const auto& [event_id, link] : links) {
    for (size_t i = 0; i < link->subjects.size(); ++i) {
      for (size_t j = i + 1; j < link->subjects.size(); ++j) {
        if (link->subjects[i] != link->subjects[j]) {
          AddEdge(link->kind, event_id, link->subjects[i], link->subjects[j],
                  edges);
        }
      }
    }
  }
}

void Surroundings::AddRules(std::vector<Edge>& edges) const {
  // Who shares a number and a date of birth: candidates for each other, and
  // for all that those share another number with.
  std::vector<size_t> able;
  for (const size_t node : reached_) {
    if (nodes_[node].traits.CanLink()) {
      able.push_back(node);
    }
  }
  const size_t count = able.size();
  const auto traits = [&](size_t i) -> const Traits& {
    return nodes_[able[i]].traits;
  };
  std::vector<std::vector<size_t>> shares(count);  // contradicting or not
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i + 1; j < count; ++j) {
      if (traits(i).BirthDate() == traits(j).BirthDate() &&
          traits(i).SharesLinking(traits(j))) {
        shares[i].push_back(j);
        shares[j].push_back(i);
      }
    }
  }
  std::vector<bool> done(count, false);
  for (size_t start = 0; start < count; ++start) {
    if (done[start]) {
      continue;
    }
    std::vector<size_t> cluster = {start};
    done[start] = true;
    for (size_t i = 0; i < cluster.size(); ++i) {
      for (const size_t other : shares[cluster[i]]) {
        if (!done[other]) {
          done[other] = true;
          cluster.push_back(other);
        }
      }
    }
    // Whom each of them contradicts. Those who contradict the same ones are
    // alike; nobody contradicts somebody alike, or he would contradict himself.
    std::map<size_t, NodeSet> contradicts;
    for (size_t i = 0; i < cluster.size(); ++i) {
      for (size_t j = i + 1; j < cluster.size(); ++j) {
        if (traits(cluster[i]).Contradicts(traits(cluster[j]))) {
          contradicts[cluster[i]].insert(cluster[j]);
          contradicts[cluster[j]].insert(cluster[i]);
        }
      }
    }
    for (const size_t one : cluster) {
      for (const size_t other : shares[one]) {
        if (one < other && contradicts[one] == contradicts[other]) {
          AddEdge(LINK_KIND_RULE, "", nodes_[able[one]].subjects.front(),
                  nodes_[able[other]].subjects.front(), edges);
        }
      }
    }
  }
}

std::vector<Edge> Surroundings::Edges() const {
  std::vector<Edge> edges;
  AddDecisions(edges);
  AddRules(edges);
  std::sort(edges.begin(), edges.end(),
            [](const Edge& x, const Edge& y) { return x.Key() < y.Key(); });
  edges.erase(std::unique(edges.begin(), edges.end(),
                          [](const Edge& x, const Edge& y) {
                            return x.Key() == y.Key();
                          }),
              edges.end());
  return edges;
}

struct Sides {
  NodeSet a;
  NodeSet b;
};

// A separation's groups among what is known; a node that stands in both cannot
// be separated from itself, and stands in neither.
Sides SidesOf(const Separation& separation, const Surroundings& around) {
  const auto nodes_of = [&](const std::vector<std::string>& group) {
    NodeSet nodes;
    for (const std::string& subject : group) {
      if (around.Knows(subject)) {
        nodes.insert(around.NodeOf(subject));
      }
    }
    return nodes;
  };
  Sides sides{nodes_of(separation.group_a), nodes_of(separation.group_b)};
  const NodeSet a = sides.a;
  std::erase_if(sides.a, [&](size_t node) { return sides.b.contains(node); });
  std::erase_if(sides.b, [&](size_t node) { return a.contains(node); });
  return sides;
}

bool IsAcross(const Edge& edge, const NodeSet& x, const NodeSet& y) {
  return (x.contains(edge.node_a) && y.contains(edge.node_b)) ||
         (x.contains(edge.node_b) && y.contains(edge.node_a));
}

using Neighbours = std::map<size_t, NodeSet>;

// What can be reached from a group without entering the other.
NodeSet ReachedFrom(const NodeSet& group, const NodeSet& barred,
                    const Neighbours& neighbours) {
  NodeSet reached = group;
  std::vector<size_t> next(group.begin(), group.end());
  while (!next.empty()) {
    const size_t node = next.back();
    next.pop_back();
    const auto it = neighbours.find(node);
    if (it == neighbours.end()) {
      continue;
    }
    for (const size_t other : it->second) {
      if (!barred.contains(other) && reached.insert(other).second) {
        next.push_back(other);
      }
    }
  }
  return reached;
}

struct CutEdge {
  Edge edge;
  std::string separation_event_id;
  bool between;
};

// Takes out of `edges` what separations cut. Afterwards no path leads from one
// side of any of them to the other: on a path, between the last node of one
// side and the first of the other that follows, every node is reached from
// both; and the first of those has lost its edge to the side. (Both passes look
// at one picture for all separations, so their order does not matter; cutting
// more can only part more.)
std::vector<CutEdge> CutSeparated(const Surroundings& around,
                                  std::vector<Edge>& edges) {
  std::vector<CutEdge> cuts;
  std::map<std::string, Sides> all_sides;
  for (const auto& [event_id, separation] : around.separations()) {
    all_sides[event_id] = SidesOf(separation, around);
  }

  const auto cut_where = [&](const auto& separation_of, bool between) {
    std::vector<Edge> kept;
    for (Edge& edge : edges) {
      if (const std::string* separation = separation_of(edge)) {
        cuts.push_back({std::move(edge), *separation, between});
      } else {
        kept.push_back(std::move(edge));
      }
    }
    edges = std::move(kept);
  };

  cut_where(
      [&](const Edge& edge) -> const std::string* {
        for (const auto& [event_id, sides] : all_sides) {
          if (IsAcross(edge, sides.a, sides.b)) {
            return &event_id;
          }
        }
        return nullptr;
      },
      /*between=*/false);

  Neighbours neighbours;
  for (const Edge& edge : edges) {
    neighbours[edge.node_a].insert(edge.node_b);
    neighbours[edge.node_b].insert(edge.node_a);
  }
  std::map<std::string, NodeSet> between;
  for (const auto& [event_id, sides] : all_sides) {
    const NodeSet from_a = ReachedFrom(sides.a, sides.b, neighbours);
    const NodeSet from_b = ReachedFrom(sides.b, sides.a, neighbours);
    std::set_intersection(
        from_a.begin(), from_a.end(), from_b.begin(), from_b.end(),
        std::inserter(between[event_id], between[event_id].end()));
  }
  cut_where(
      [&](const Edge& edge) -> const std::string* {
        for (const auto& [event_id, sides] : all_sides) {
          if (IsAcross(edge, between[event_id], sides.a) ||
              IsAcross(edge, between[event_id], sides.b)) {
            return &event_id;
          }
        }
        return nullptr;
      },
      /*between=*/true);
  return cuts;
}

// The subjects that edges join to the one asked about; each with the edge that
// reached it first, breadth first.
std::map<std::string, event::v1::LinkedSubject> JoinedTo(
    const std::string& asked, const std::vector<Edge>& edges) {
  std::map<std::string, std::vector<const Edge*>> at;
  for (const Edge& edge : edges) {  // sorted, and so are these
    at[edge.a].push_back(&edge);
    at[edge.b].push_back(&edge);
  }
  std::map<std::string, event::v1::LinkedSubject> joined;
  joined[asked].set_subject(asked);
  joined[asked].set_kind(LINK_KIND_ASKED);
  std::vector<std::string> order = {asked};
  for (size_t i = 0; i < order.size(); ++i) {
    const std::string via = order[i];
    for (const Edge* edge : at[via]) {
      const std::string& other = edge->a == via ? edge->b : edge->a;
      const auto [it, is_new] = joined.try_emplace(other);
      if (is_new) {
        it->second.set_subject(other);
        it->second.set_kind(edge->kind);
        it->second.set_event_id(edge->event_id);
        it->second.set_via(via);
        order.push_back(other);
      }
    }
  }
  return joined;
}

using Joined = std::map<std::string, event::v1::LinkedSubject>;

std::string VersionOf(const Joined& joined, const std::vector<Edge>& edges,
                      bool too_many) {
  Sha256Hasher hasher;
  hasher.Update(EncodeParts({"vigil identity 1", too_many ? "1" : "0"}));
  for (const auto& [subject, linked] : joined) {
    hasher.Update(EncodeParts({"subject", subject}));
  }
  for (const Edge& edge : edges) {
    if (joined.contains(edge.a)) {
      hasher.Update(EncodeParts(
          {"edge", absl::StrCat(edge.kind), edge.event_id, edge.a, edge.b}));
    }
  }
  return Base64Url(AsBytes(hasher.Finish()));
}

// How two people agree, in words, and what speaks against; empty if they do not
// agree enough to be shown.
ReasonSet CompareToShow(const std::vector<Demographics>& ours,
                        const std::vector<Demographics>& theirs) {
  ReasonSet reasons;
  for (const Demographics& said : ours) {
    for (const Identifier& identifier : said.identifiers()) {
      ReasonSet equal = CompareIdentifier(identifier, theirs);
      if (equal.empty()) {
        continue;
      }
      // The same from our side: it must be ours and verified as well.
      equal.merge(CompareIdentifier(identifier, ours));
      if (equal.contains(Reason::kIdentifierOfAnotherPerson)) {
        equal.erase(Reason::kNhsNumberEqual);
        equal.erase(Reason::kUpnEqual);
        equal.erase(Reason::kTemporaryUpnEqual);
        equal.erase(Reason::kIdentifierEqual);
      }
      reasons.merge(equal);
    }
  }
  const bool identified = !reasons.empty();

  ReasonSet named;
  const auto compare_names = [&](const std::vector<Demographics>& from,
                                 const std::vector<Demographics>& to) {
    for (const Demographics& said : from) {
      for (const event::v1::PersonName& name : said.names()) {
        const std::string text =
            name.as_given().empty()
                ? absl::StrCat(name.given(), " ", name.family())
                : name.as_given();
        ReasonSet equal = CompareNames(text, to);
        if (IsBetter(equal, named)) {
          named = std::move(equal);
        }
      }
    }
  };
  compare_names(ours, theirs);
  compare_names(theirs, ours);

  Reason born = Reason::kBirthDateNotKnown;
  bool dated = false;
  const auto compare_births = [&](const std::vector<Demographics>& from,
                                  const std::vector<Demographics>& to) {
    for (const Demographics& said : from) {
      if (!IsDate(said.birth().date())) {
        continue;
      }
      const Reason reason = CompareBirths(said.birth().date(), to);
      if (!dated || IsBetter(reason, born)) {
        born = reason;
        dated = true;
      }
    }
  };
  compare_births(ours, theirs);
  compare_births(theirs, ours);

  if (!identified && !(IsWholeName(named) && born == Reason::kBirthDateEqual)) {
    return {};
  }
  reasons.merge(named);
  reasons.insert(born);
  const Traits one{ours};
  const Traits other{theirs};
  Traits both = one;
  both.Add(other);
  if (both.own_nhs_numbers.size() > 1 || both.own_upns.size() > 1) {
    reasons.insert(Reason::kIdentifiersDiffer);
  }
  if (both.female && both.male) {
    reasons.insert(Reason::kSexDiffers);
  }
  if (one.given_names.Contradict(other.given_names)) {
    reasons.insert(Reason::kGivenNamesDiffer);
  }
  if (!both.BirthDatesAgree() && born != Reason::kDayAndMonthSwapped &&
      born != Reason::kBirthYearOffByOne &&
      born != Reason::kBirthDigitDiffers) {
    reasons.insert(Reason::kBirthDatesDiffer);
  }
  return reasons;
}

// Finds whom to show beside a child.
class PossibleMatches {
 public:
  PossibleMatches(const IdentityFacts& facts, const Joined& joined,
                  Surroundings& around)
      : facts_(facts), around_(around) {
    for (const auto& [member, linked] : joined) {
      members_.insert(around.NodeOf(member));
    }
  }

  // Somebody who must be shown, whatever else agrees.
  void Show(const std::string& subject, Reason reason) {
    const size_t node = around_.NodeOf(subject);
    if (!members_.contains(node)) {
      people_.insert(node);
      shown_[node].insert(reason);
    }
  }

  absl::StatusOr<std::vector<PossibleMatch>> Find() {
    if (absl::Status status = Gather(); !status.ok()) {
      return status;
    }
    struct Ranked {
      Match match;
      std::string subject;
    };
    std::vector<Ranked> ranked;
    for (const size_t person : people_) {
      if (IsSeparated(person)) {
        continue;
      }
      const ReasonSet reasons = ReasonsFor(person);
      if (!reasons.empty()) {
        ranked.push_back(
            {MakeMatch(reasons), around_.nodes()[person].subjects.front()});
      }
    }
    std::sort(ranked.begin(), ranked.end(),
              [](const Ranked& x, const Ranked& y) {
                return std::tie(y.match.rank, x.subject) <
                       std::tie(x.match.rank, y.subject);
              });
    if (ranked.size() > kMaxPossibleMatches) {
      ranked.resize(kMaxPossibleMatches);
    }
    std::vector<PossibleMatch> matches;
    for (Ranked& one : ranked) {
      matches.push_back({std::move(one.subject), std::move(one.match.reasons)});
    }
    return matches;
  }

 private:
  // Whom to look at.
  absl::Status Gather() {
    std::map<std::string, Identifier> identifiers;
    std::set<std::pair<std::string, std::string>> named_and_born;
    for (const size_t member : members_) {
      std::set<std::string> tokens;
      std::set<std::string> dates;
      for (const Demographics& said : around_.nodes()[member].said) {
        for (const Identifier& identifier : said.identifiers()) {
          if (!IsPlaceholder(identifier)) {
            identifiers.try_emplace(IdentifierKey(identifier), identifier);
          }
        }
        for (const event::v1::PersonName& name : said.names()) {
          for (std::string& token : NameTokens(name)) {
            tokens.insert(std::move(token));
          }
        }
        if (IsFullDate(said.birth().date())) {
          dates.insert(said.birth().date());
        }
      }
      for (const std::string& token : tokens) {
        for (const std::string& date : dates) {
          named_and_born.emplace(token, date);
        }
      }
    }

    size_t scans = 0;
    for (const auto& [key, identifier] : identifiers) {
      if (++scans > kMaxPossibleMatchScans) {
        return absl::OkStatus();
      }
      if (absl::Status status =
              Add(facts_.HoldersOf(identifier, kMaxPossibleMatchPeople));
          !status.ok()) {
        return status;
      }
    }
    for (const auto& [token, date] : named_and_born) {
      if (++scans > kMaxPossibleMatchScans) {
        return absl::OkStatus();
      }
      if (absl::Status status =
              Add(facts_.NamedAndBorn(token, date, kMaxPossibleMatchPeople));
          !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Add(absl::StatusOr<Found> found) {
    if (!found.ok()) {
      return found.status();
    }
    std::sort(found->subjects.begin(), found->subjects.end());
    for (const std::string& subject : found->subjects) {
      if (people_.size() >= kMaxPossibleMatchPeople) {
        break;
      }
      absl::StatusOr<size_t> node = around_.Load(subject);
      if (!node.ok()) {
        return node.status();
      }
      if (!members_.contains(*node) &&
          !around_.nodes()[*node].traits.unplaced) {
        people_.insert(*node);
      }
    }
    return absl::OkStatus();
  }

  // Whether somebody decided that this is another child.
  bool IsSeparated(size_t person) const {
    for (const auto& [event_id, separation] : around_.separations()) {
      const Sides sides = SidesOf(separation, around_);
      for (const size_t member : members_) {
        if ((sides.a.contains(person) && sides.b.contains(member)) ||
            (sides.b.contains(person) && sides.a.contains(member))) {
          return true;
        }
      }
    }
    return false;
  }

  // Why to show them; empty if there is no reason to.
  ReasonSet ReasonsFor(size_t person) const {
    const Node& they = around_.nodes()[person];
    ReasonSet best;
    bool would_link = false;
    for (const size_t member : members_) {
      const Node& we = around_.nodes()[member];
      ReasonSet reasons = CompareToShow(we.said, they.said);
      if (IsBetter(reasons, best)) {
        best = std::move(reasons);
      }
      would_link = would_link || RuleAgrees(we.traits, they.traits);
    }
    if (const auto it = shown_.find(person); it != shown_.end()) {
      best.insert(it->second.begin(), it->second.end());
    } else if (would_link) {
      best.insert(Reason::kMatchesContradict);
    }
    return best;
  }

  const IdentityFacts& facts_;
  Surroundings& around_;
  NodeSet members_;
  NodeSet people_;
  std::map<size_t, ReasonSet> shown_;
};

using Subjects = std::vector<std::string>;

Subjects Copied(const google::protobuf::RepeatedPtrField<std::string>& from) {
  return {from.begin(), from.end()};
}

// Who is named again in a correction is not decided again.
bool Decides(absl::string_view type, const event::v1::ClearPart& clear,
             event::v1::Kind::KindCase kind) {
  return event::KindOf(type) == kind && !IsActAgain(clear);
}

}  // namespace

std::optional<Link> LinkOf(absl::string_view event_id, absl::string_view type,
                           const event::v1::ClearPart& clear) {
  Link link = {.event_id = std::string(event_id),
               .kind = LINK_KIND_DECISION,
               .subjects = Copied(clear.decided().one())};
  if (Decides(type, clear, event::v1::Kind::kSubjectRenamed)) {
    link.kind = LINK_KIND_RENAMED;
    const Subjects to = Copied(clear.decided().other());
    link.subjects.insert(link.subjects.end(), to.begin(), to.end());
  } else if (!Decides(type, clear, event::v1::Kind::kSubjectsLinked)) {
    return std::nullopt;
  }
  if (link.subjects.size() < 2) {
    return std::nullopt;
  }
  return link;
}

std::optional<Separation> SeparationOf(absl::string_view event_id,
                                       absl::string_view type,
                                       const event::v1::ClearPart& clear) {
  Separation separation = {.event_id = std::string(event_id),
                           .group_a = Copied(clear.decided().one()),
                           .group_b = Copied(clear.decided().other())};
  if (!Decides(type, clear, event::v1::Kind::kSubjectsSeparated) ||
      separation.group_a.empty() || separation.group_b.empty()) {
    return std::nullopt;
  }
  return separation;
}

std::optional<Revocation> RevocationOf(absl::string_view type,
                                       const event::v1::ClearPart& clear) {
  const bool of_separation =
      Decides(type, clear, event::v1::Kind::kSeparationRevoked);
  if (!of_separation && !Decides(type, clear, event::v1::Kind::kLinkRevoked)) {
    return std::nullopt;
  }
  for (const event::v1::Target& target : clear.targets()) {
    if (target.manner() == event::v1::MANNER_REVOKES) {
      return Revocation{target.event_id(), target.subject(), of_separation};
    }
  }
  return std::nullopt;
}

std::vector<Link> Active(std::vector<Link> links,
                         absl::Span<const Revocation> revocations) {
  std::erase_if(links, [&](const Link& link) {
    return link.kind != LINK_KIND_RENAMED &&
           std::any_of(revocations.begin(), revocations.end(),
                       [&](const Revocation& revocation) {
                         return !revocation.of_separation &&
                                revocation.event_id == link.event_id &&
                                Holds(link.subjects, revocation.subject);
                       });
  });
  return links;
}

std::vector<Separation> Active(std::vector<Separation> separations,
                               absl::Span<const Revocation> revocations) {
  std::erase_if(separations, [&](const Separation& separation) {
    return std::any_of(
        revocations.begin(), revocations.end(),
        [&](const Revocation& revocation) {
          return revocation.of_separation &&
                 revocation.event_id == separation.event_id &&
                 (Holds(separation.group_a, revocation.subject) ||
                  Holds(separation.group_b, revocation.subject));
        });
  });
  return separations;
}

bool MayBeFound(absl::string_view subject, absl::Span<const Link> links) {
  return !event::IsNumbered(subject) ||
         std::any_of(links.begin(), links.end(), [&](const Link& link) {
           return link.kind == LINK_KIND_DECISION &&
                  Holds(link.subjects, std::string(subject));
         });
}

absl::StatusOr<Identity> Resolve(const IdentityFacts& facts,
                                 const std::string& subject) {
  Surroundings around(facts);
  if (absl::Status status = around.Explore(subject); !status.ok()) {
    return status;
  }
  Identity identity;
  identity.too_many = around.too_many();
  std::vector<Edge> edges;
  std::vector<CutEdge> cuts;
  if (!identity.too_many) {
    edges = around.Edges();
    cuts = CutSeparated(around, edges);
  }

  Joined joined = JoinedTo(subject, edges);
  identity.version = VersionOf(joined, edges, identity.too_many);
  PossibleMatches possible(facts, joined, around);
  if (identity.too_many) {
    for (const size_t node : around.reached()) {
      for (const std::string& other : around.nodes()[node].subjects) {
        possible.Show(other, Reason::kTooManyLinked);
      }
    }
  }
  for (const CutEdge& cut : cuts) {
    const Edge& edge = cut.edge;
    for (const auto& [one, other] :
         {std::pair(edge.a, edge.b), std::pair(edge.b, edge.a)}) {
      if (joined.contains(one)) {
        identity.cuts.push_back({one, other, edge.kind, edge.event_id,
                                 cut.separation_event_id, cut.between});
        if (cut.between) {
          possible.Show(other, Reason::kBetweenSeparated);
        }
      }
    }
  }
  absl::StatusOr<std::vector<PossibleMatch>> matches = possible.Find();
  if (!matches.ok()) {
    return matches.status();
  }
  identity.possible_matches = *std::move(matches);

  identity.subjects.push_back(joined.at(subject));
  for (auto& [name, linked] : joined) {
    if (name != subject) {
      identity.subjects.push_back(std::move(linked));
    }
  }
  return identity;
}

}  // namespace vigil::safeguarding
