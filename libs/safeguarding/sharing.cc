#include "libs/safeguarding/sharing.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/hash.h"
#include "libs/base/parts.h"
#include "libs/event/kind.h"
#include "libs/event/seal.h"

namespace vigil::safeguarding {
namespace {

enum class Whose { kAnybodys, kOwn };
enum class About { kChildren, kViews };
// Of a section: those that this version knows, or any.
enum class Audience { kKnown, kAny };

struct Rule {
  absl::string_view name;
  Role role;
  About about;
  Whose whose;
  Audience audience;
  Visibility visibility;
};

// The policy. Of the rows that apply, the one that shows most decides; of
// equals the first.
constexpr Rule kRules[] = {
    {"COORDINATOR_COMBINED_RECORD", Role::kCoordinator, About::kChildren,
     Whose::kAnybodys, Audience::kKnown, Visibility::kFull},
    {"AUDITOR_COMBINED_RECORD", Role::kAuditor, About::kChildren,
     Whose::kAnybodys, Audience::kKnown, Visibility::kFull},
    {"AUDITOR_VIEWS", Role::kAuditor, About::kViews, Whose::kAnybodys,
     Audience::kKnown, Visibility::kFull},
    {"PUBLISHER_OWN", Role::kPublisher, About::kChildren, Whose::kOwn,
     Audience::kAny, Visibility::kFull},
};

// What is left where no row applies.
constexpr absl::string_view kDefaultDeny = "DEFAULT_DENY";
constexpr absl::string_view kPurposeNotStated = "PURPOSE_NOT_STATED";
constexpr absl::string_view kAudienceNotKnown = "AUDIENCE_NOT_KNOWN";

absl::string_view WordFor(Role role) {
  switch (role) {
    case Role::kPublisher:
      return "publisher";
    case Role::kCoordinator:
      return "coordinator";
    case Role::kAuditor:
      return "auditor";
    case Role::kOperator:
      return "operator";
  }
  return "";
}

absl::string_view WordFor(Visibility visibility) {
  switch (visibility) {
    case Visibility::kNothing:
      return "nothing";
    case Visibility::kNotice:
      return "notice";
    case Visibility::kRedacted:
      return "redacted";
    case Visibility::kFull:
      return "full";
  }
  return "";
}

bool IsPurpose(event::v1::Purpose purpose) {
  return purpose != event::v1::PURPOSE_UNSPECIFIED &&
         event::v1::Purpose_IsValid(purpose);
}

bool IsKnownAudience(absl::string_view audience) {
  return audience == event::kStandard || audience == event::kRestricted;
}

bool HasRole(const Asker& asker, Role role) {
  return std::find(asker.roles.begin(), asker.roles.end(), role) !=
         asker.roles.end();
}

// An asker or a fact without an organisation is nobody's own.
bool IsOwn(const Asker& asker, const Organisation& organisation) {
  return !organisation.scheme.empty() && !organisation.code.empty() &&
         asker.organisation == organisation;
}

// The row that decides about facts of `organisation`, or nullptr. Without an
// organisation: whether any row could ever apply.
const Rule* Deciding(const Asker& asker, About about,
                     const Organisation* organisation, bool known_audience) {
  const Rule* best = nullptr;
  for (const Rule& rule : kRules) {
    if (rule.about != about || !HasRole(asker, rule.role)) {
      continue;
    }
    if (rule.whose == Whose::kOwn && organisation != nullptr &&
        !IsOwn(asker, *organisation)) {
      continue;
    }
    if (rule.audience == Audience::kKnown && !known_audience) {
      continue;
    }
    if (best == nullptr || rule.visibility > best->visibility) {
      best = &rule;
    }
  }
  return best;
}

Decision Nothing(absl::string_view rule) {
  return {.visibility = Visibility::kNothing, .rule = rule, .ask = {}};
}

Decision Of(const Rule* rule) {
  return rule == nullptr ? Nothing(kDefaultDeny)
                         : Decision{.visibility = rule->visibility,
                                    .rule = rule->name,
                                    .ask = {}};
}

}  // namespace

event::v1::Basis PolicyBasis() {
  static const auto* const basis = [] {
    Sha256Hasher hasher;
    for (const Rule& rule : kRules) {
      hasher.Update(
          EncodeParts({rule.name, WordFor(rule.role),
                       rule.about == About::kChildren ? "children" : "views",
                       rule.whose == Whose::kOwn ? "own" : "anybodys",
                       rule.audience == Audience::kAny ? "any" : "known",
                       WordFor(rule.visibility)}));
    }
    auto* made = new event::v1::Basis;
    made->set_name("policy");
    made->set_version(std::string(kPolicyVersion));
    made->set_sha256(std::string(AsBytes(hasher.Finish())));
    return made;
  }();
  return *basis;
}

event::v1::Visibility AsRecorded(Visibility visibility) {
  switch (visibility) {
    case Visibility::kFull:
      return event::v1::VISIBILITY_FULL;
    case Visibility::kRedacted:
      return event::v1::VISIBILITY_REDACTED;
    case Visibility::kNotice:
      return event::v1::VISIBILITY_NOTICE;
    case Visibility::kNothing:
      break;
  }
  CheckFailed("what is not shown is not recorded as shown", __FILE__, __LINE__);
}

Decision Decide(const Asker& asker, event::v1::Purpose purpose,
                const Fact& fact) {
  if (!IsPurpose(purpose)) {
    return Nothing(kPurposeNotStated);
  }
  const About about =
      event::TraitsOf(event::KindOf(fact.type)).role == event::KindRole::kView
          ? About::kViews
          : About::kChildren;
  const Rule* rule = Deciding(asker, about, &fact.organisation,
                              IsKnownAudience(fact.audience));
  if (rule != nullptr) {
    return Of(rule);
  }
  // A newer writer may have reasons to restrict that this version does not
  // know. Whoever would see it otherwise is told that it is there.
  if (Deciding(asker, about, &fact.organisation, true) != nullptr) {
    return {.visibility = Visibility::kNotice,
            .rule = kAudienceNotKnown,
            .ask = fact.organisation};
  }
  return Nothing(kDefaultDeny);
}

Decision DecideSubject(const Asker& asker, event::v1::Purpose purpose,
                       absl::Span<const Organisation> asserted_by) {
  if (!IsPurpose(purpose)) {
    return Nothing(kPurposeNotStated);
  }
  for (const Organisation& organisation : asserted_by) {
    if (const Rule* rule =
            Deciding(asker, About::kChildren, &organisation, true)) {
      return {.visibility = Visibility::kFull, .rule = rule->name, .ask = {}};
    }
  }
  return Nothing(kDefaultDeny);
}

Decision DecideAsking(const Asker& asker, event::v1::Purpose purpose) {
  if (!IsPurpose(purpose)) {
    return Nothing(kPurposeNotStated);
  }
  return Of(Deciding(asker, About::kChildren, nullptr, true));
}

bool SeesCombinedRecord(const Asker& asker) {
  return std::any_of(std::begin(kRules), std::end(kRules), [&](const Rule& r) {
    return r.about == About::kChildren && r.whose == Whose::kAnybodys &&
           HasRole(asker, r.role);
  });
}

}  // namespace vigil::safeguarding
