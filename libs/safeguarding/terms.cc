#include "libs/safeguarding/terms.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/hash.h"
#include "libs/base/parts.h"
#include "libs/event/digest.h"
#include "libs/event/reference.h"

namespace vigil::safeguarding {
namespace {

constexpr absl::string_view kBasisName = "mapping";

}  // namespace

Terms::Terms(std::vector<TermsFact> facts) {
  std::sort(
      facts.begin(), facts.end(), [](const TermsFact& a, const TermsFact& b) {
        return std::tie(a.logged, a.topic, a.partition, a.offset, a.event_id) <
               std::tie(b.logged, b.topic, b.partition, b.offset, b.event_id);
      });
  Sha256Hasher hasher;
  for (const TermsFact& fact : facts) {
    hasher.Update(
        EncodeParts({fact.event_id, event::CanonicalBytes(fact.mapped)}));
    const event::PossibleTimes valid =
        fact.mapped.has_valid() ? event::PossibleTimesOf(fact.mapped.valid())
                                : event::PossibleTimes{absl::InfinitePast(),
                                                       absl::InfiniteFuture()};
    for (const event::v1::Mapping& mapping : fact.mapped.mappings()) {
      const std::string whose =
          mapping.has_organisation()
              ? event::OrganisationText(mapping.organisation())
              : "";
      meanings_[KeyOf(whose, mapping.table(), mapping.system(), mapping.code(),
                      mapping.display())]
          .push_back({mapping.meaning(), valid});
    }
  }
  basis_.set_name(std::string(kBasisName));
  basis_.set_version(facts.empty() ? "none"
                                   : absl::StrCat(facts.back().topic, "/",
                                                  facts.back().partition, "/",
                                                  facts.back().offset));
  basis_.set_sha256(std::string(AsBytes(hasher.Finish())));
}

Terms::Key Terms::KeyOf(absl::string_view organisation, absl::string_view table,
                        const std::string& system, const std::string& code,
                        const std::string& display) {
  return code.empty() ? Key(organisation, table, "", "", display)
                      : Key(organisation, table, system, code, "");
}

const Terms::Meaning* Terms::Find(const Key& key, absl::Time at) const {
  const auto it = meanings_.find(key);
  if (it == meanings_.end()) {
    return nullptr;
  }
  const auto latest = std::find_if(
      it->second.rbegin(), it->second.rend(), [&](const Meaning& meaning) {
        return meaning.valid.earliest <= at && at <= meaning.valid.latest;
      });
  return latest == it->second.rend() ? nullptr : &*latest;
}

std::optional<std::string> Terms::MeaningOf(const event::v1::CodedTerm& term,
                                            absl::string_view table,
                                            absl::string_view organisation,
                                            absl::Time at) const {
  if (term.code().empty() && term.display().empty()) {
    return std::nullopt;
  }
  Key key =
      KeyOf(organisation, table, term.system(), term.code(), term.display());
  const Meaning* found = Find(key, at);
  if (found == nullptr) {
    std::get<0>(key).clear();
    found = Find(key, at);
  }
  return found == nullptr ? std::nullopt : std::optional(found->code);
}

std::string Terms::CodeOf(const event::v1::Concept& said,
                          absl::string_view table,
                          absl::string_view organisation, absl::Time at) const {
  return said.code().empty()
             ? MeaningOf(said.own(), table, organisation, at).value_or("")
             : said.code();
}

absl::Time MomentOf(const event::v1::When& occurred, absl::Time as_of) {
  const event::PossibleTimes times = event::PossibleTimesOf(occurred);
  if (times.earliest != absl::InfinitePast()) {
    return times.earliest;
  }
  return times.latest != absl::InfiniteFuture() ? times.latest : as_of;
}

}  // namespace vigil::safeguarding
