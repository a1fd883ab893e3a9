#include "tools/vigil/synthetic_world.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/calendar.h"
#include "libs/base/check.h"
#include "libs/base/nhs_number.h"
#include "libs/base/upn.h"
#include "libs/event/concepts.h"
#include "nlohmann/json.hpp"
#include "tools/vigil/proto_json.h"

namespace vigil::cli {
namespace {

namespace ev = event::v1;
namespace concepts = event::concepts;

constexpr absl::string_view kGivenBegin[] = {
    "Ae",   "Bri",  "Cae",  "Dovi", "Eli",  "Fae", "Gwi",  "Ilo",
    "Jova", "Kae",  "Lumi", "Mio",  "Nevi", "Ori", "Pelo", "Rhoa",
    "Sui",  "Tavi", "Uli",  "Ve",   "Wyno", "Xa",  "Ysa",  "Zu"};
constexpr absl::string_view kGivenEnd[] = {
    "bek", "dra",  "fenn", "lune", "mbri", "neth", "quen",
    "rix", "shai", "thel", "vex",  "wyn",  "zar",  "lo"};
constexpr absl::string_view kFamilyBegin[] = {
    "Ash",     "Bram",  "Cold", "Dun",     "Ember",  "Fern",
    "Glim",    "Ivel",  "Jass", "Kestrel", "Lark",   "Moth",
    "Nettle",  "Otter", "Pell", "Quill",   "Rook",   "Sedge",
    "Thistle", "Umber", "Vex",  "Wherry",  "Yarrow", "Zephyr"};
constexpr absl::string_view kFamilyEnd[] = {
    "dottle", "mere", "wick",    "vane",    "combe", "garth", "lowe",
    "sedge",  "fenn", "thwaite", "bristle", "moss",  "quay",  "tarn"};
constexpr absl::string_view kStreets[] = {"Gannet Row",      "Fulmar Walk",
                                          "Dunlin Close",    "Whimbrel Way",
                                          "Turnstone Court", "Petrel Rise"};

constexpr absl::string_view kOwnWords[] = {
    "I stayed in my room till it was quiet.",
    "Mum was crying and I got the little one a drink.",
    "I like it when nan comes.", "We had toast for tea and for breakfast.",
    "I don't want to say."};
constexpr absl::string_view kActions[] = {
    "Discussed with the safeguarding lead.", "Parent spoken to; advice given.",
    "Follow-up within seven days.", "Information sent to the duty desk.",
    "Appointment offered again by letter and telephone."};
constexpr absl::string_view kOutcomes[] = {
    "No further action by this agency.", "To be reviewed at the next meeting.",
    "Support accepted by the family.", "Still open.", "Closed after review."};

const Word kIndicators[] = {
    {"sparse_bedroom", "BED", "Sparse bedrooms"},
    {"inadequate_clothing", "COV", "Inadequate bed covering"},
    {"hunger", "FOOD", "Little food"},
    {"no_heating", "HEAT", "No heating"},
    {"withdrawn", "WITHD", "Withdrawn"},
    {"warm_relationship", "WARM", "Warm with the parent"}};

// Of people whom a record tells of without knowing them: numbers that tell them
// apart within it.
constexpr uint32_t kMotherNumber = 90;
constexpr uint32_t kManNumber = 91;
constexpr uint32_t kGrandmotherNumber = 95;

constexpr int kStaffPerDesk = 9;

}  // namespace

std::string InstantText(absl::Time t) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%S%Ez", t, London());
}
std::string DayText(absl::Time t) {
  return absl::FormatTime("%Y-%m-%d", t, London());
}
std::string MonthText(absl::Time t) {
  return absl::FormatTime("%Y-%m", t, London());
}

absl::Time At(absl::CivilDay day) { return absl::FromCivil(day, London()); }

double Years(absl::Duration d) {
  return absl::FDivDuration(d, absl::Hours(24 * 365.25));
}

absl::Time NextWorkingDay(absl::Time t) {
  const auto weekday = [](absl::Time at) {
    return absl::GetWeekday(absl::ToCivilDay(at, London()));
  };
  do {
    t += absl::Hours(24);
  } while (weekday(t) == absl::Weekday::saturday ||
           weekday(t) == absl::Weekday::sunday);
  return t;
}

SyntheticArea::World::World(const SyntheticOptions& options)
    : options_(options), random_(options.seed * 0x2545f4914f6cdd1d + 1) {
  Check(options.families >= 1 && options.families <= kMaxSyntheticFamilies,
        "the number of synthetic families is out of range");
  Check(options.from < options.to, "a period that ends before it begins");
  nhs_start_ = random_.Below(kSyntheticNhsNumbers);
  MakeStaff();
  for (int i = 0; i < options.families; ++i) MakeFamily();
}

void SyntheticArea::World::Generate(
    const std::function<void(absl::string_view, absl::string_view)>& send) {
  const absl::Time from = At(options_.from);
  const absl::Duration span = At(options_.to) - from;
  end_ = At(options_.to);
  while (planned_ < options_.lines) {
    // The clock of the area runs as its lines do, so that the last is planned
    // about when the period ends, whatever the stories hold.
    clock_ = from + span * (static_cast<double>(planned_) /
                            static_cast<double>(options_.lines));
    SendUntil(clock_, send);
    const int64_t before = planned_;
    TellStory();
    // All that was to come of the story lies beyond the end: what has happened
    // by then is told at least.
    if (planned_ == before) RoutineContact(PickFamily());
  }
  SendUntil(absl::InfiniteFuture(), send);
}

// --- People -----------------------------------------------------------------

std::string SyntheticArea::World::Compound(
    absl::Span<const absl::string_view> begin,
    absl::Span<const absl::string_view> end) {
  std::string name(random_.Pick(begin));
  absl::StrAppend(&name, random_.Pick(end));
  return name;
}

std::string SyntheticArea::World::GivenName() {
  std::string name = Compound(kGivenBegin, kGivenEnd);
  if (random_.Chance(30)) name = absl::StrCat("Élo", random_.Pick(kGivenEnd));
  if (random_.Chance(50)) {
    absl::StrAppend(&name, "-", random_.Pick(kGivenBegin), "lo");
  }
  return name;
}

std::string SyntheticArea::World::FamilyName() {
  std::string name = Compound(kFamilyBegin, kFamilyEnd);
  if (random_.Chance(60)) {
    absl::StrAppend(&name, "-", Compound(kFamilyBegin, kFamilyEnd));
  }
  return random_.Chance(15) ? absl::StrCat("O'", name) : name;
}

std::string SyntheticArea::World::NhsNumber() {
  return GenerateSyntheticNhsNumber((nhs_start_ + nhs_used_++) %
                                    kSyntheticNhsNumbers);
}

void SyntheticArea::World::MakeStaff() {
  for (size_t desk = 0; desk < kDesks; ++desk) {
    const Desk& at = DeskAt(desk);
    for (int i = 0; i < kStaffPerDesk; ++i) {
      const DeskRole& role = at.roles[static_cast<size_t>(i) % at.roles.size()];
      ev::Author& author = staff_[desk].emplace_back();
      author.set_name(Compound(kGivenBegin, kGivenEnd));
      absl::StrAppend(author.mutable_name(), " ",
                      Compound(kFamilyBegin, kFamilyEnd));
      author.set_role(std::string(role.title));
      author.set_team(std::string(at.name));
      author.set_duty_contact(std::string(at.duty_contact));
      author.set_person_id(absl::StrFormat("%s-%02d", at.record_prefix, i + 1));
      *author.mutable_function() = Code(role.function);
    }
  }
}

size_t SyntheticArea::World::AddPerson(Person person) {
  people_.push_back(std::move(person));
  return people_.size() - 1;
}

void SyntheticArea::World::MakeFamily() {
  Family family;
  const size_t number = families_.size();
  family.name = FamilyName();
  family.postcode = absl::StrFormat("ZZ99 %dZZ", random_.Between(1, 9));
  family.street = absl::StrCat(random_.Between(1, 120), " ");
  absl::StrAppend(&family.street, random_.Pick(kStreets));
  family.primary = random_.Chance(500) ? kPrimary1 : kPrimary2;
  int children = 1;
  for (const int per_mille : {600, 400, 200}) {
    if (children < 4 && random_.Chance(per_mille)) ++children;
  }
  // The eldest is there from the start; the others come after, some of them
  // while the area is watched.
  absl::CivilDay born = options_.from - random_.Between(40, 15 * 365);
  const absl::CivilDay eldest = born;
  for (int i = 0; i < children; ++i) {
    const bool twin = i > 0 && random_.Chance(30);
    if (i > 0 && !twin) born += random_.Between(300, 1500);
    if (born >= options_.to) break;
    Person child;
    child.number = ++children_;
    child.family = number;
    child.given = GivenName();
    child.family_name = family.name;
    if (random_.Chance(80)) child.former_family_name = FamilyName();
    child.born = born;
    child.sex = random_.Chance(500) ? ev::SEX_FEMALE : ev::SEX_MALE;
    child.nhs_number = NhsNumber();
    const int serial = child.number - 1;
    child.upn =
        GenerateUpn(/*authority=*/serial / 1000 % 1000, /*school=*/0,
                    static_cast<int>((born.year() + 4) % 100), serial % 1000);
    child.twin = twin;
    if (twin) people_[family.children.back()].twin = true;
    family.children.push_back(AddPerson(std::move(child)));
  }

  const auto adult = [&](ev::Sex sex, bool same_name) {
    Person made;
    made.number = ++adults_;
    made.family = number;
    made.given = GivenName();
    made.family_name = same_name ? family.name : FamilyName();
    made.born = eldest - random_.Between(18 * 365, 38 * 365);
    made.sex = sex;
    made.nhs_number = NhsNumber();
    return AddPerson(std::move(made));
  };
  family.mother = adult(ev::SEX_FEMALE, true);
  if (random_.Chance(750)) {
    // Of some families he came when the eldest was there.
    family.men.push_back(adult(ev::SEX_MALE, random_.Chance(600)));
    family.his_from =
        random_.Chance(750) ? family.children.front() : family.children.back();
  }
  families_.push_back(std::move(family));
}

// A few families have most of the contacts.
SyntheticArea::World::Family& SyntheticArea::World::PickFamily() {
  const uint64_t all = families_.size();
  const uint64_t few = std::max<uint64_t>(1, all / 10);
  return families_[random_.Chance(550) ? random_.Below(few)
                                       : random_.Below(all)];
}

SyntheticArea::World::People SyntheticArea::World::Born(const Family& family,
                                                        absl::Time t,
                                                        int least_age_years,
                                                        int most_age_years) {
  People born;
  for (const size_t index : family.children) {
    Person& child = people_[index];
    const absl::Time birth = At(child.born);
    if (birth + absl::Hours(6) > t) continue;
    const double years = Years(t - birth);
    if (years < least_age_years || years >= most_age_years + 1) continue;
    born.push_back(&child);
  }
  return born;
}

SyntheticArea::World::Person* SyntheticArea::World::One(const People& people) {
  return people.empty() ? nullptr : random_.Pick(people);
}

size_t SyntheticArea::World::SchoolOf(const Person& child, absl::Time t) {
  return Years(t - At(child.born)) >= 11.5 ? kSecondary
                                           : families_[child.family].primary;
}

SyntheticArea::World::KnownAs& SyntheticArea::World::Knows(size_t desk,
                                                           Person& person) {
  const auto [it, added] = person.known_as.try_emplace(desk);
  if (added) {
    // Some systems number with leading zeros, which are part of the id.
    const int id = static_cast<int>(10'000 * (desk + 1)) + ++ids_[desk];
    it->second.id = desk == kPolice || desk == kPractice
                        ? absl::StrFormat("%08d", id)
                        : absl::StrCat(id);
    it->second.verified_nhs =
        random_.Chance(DeskAt(desk).verified_nhs_per_mille);
  }
  return it->second;
}

void SyntheticArea::World::Describe(size_t desk, const Person& person,
                                    absl::Time t,
                                    ev::Demographics* demographics) {
  const Desk& at = DeskAt(desk);
  const Family& family = families_[person.family];
  ev::PersonName* name = demographics->add_names();
  name->set_family(person.family_name);
  name->set_given(person.given);
  name->set_use(ev::NAME_USE_CURRENT);
  if (random_.Chance(20)) {  // written as heard
    name->set_given(person.given.substr(0, person.given.size() - 1));
  }
  if (!person.former_family_name.empty() && random_.Chance(500)) {
    ev::PersonName* former = demographics->add_names();
    former->set_family(person.former_family_name);
    former->set_given(person.given);
    former->set_use(ev::NAME_USE_FORMER);
  }
  absl::CivilDay born = person.born;
  if (random_.Chance(15) && born.day() <= 12) {
    const absl::CivilDay swapped(born.year(), born.day(), born.month());
    if (At(swapped) <= t) born = swapped;
  }
  if (desk == kPolice && random_.Chance(150)) {
    auto* age = demographics->mutable_birth()->mutable_estimated_age();
    age->set_years(
        static_cast<uint32_t>(std::max(0.0, Years(t - At(person.born)))));
    age->set_on(DayText(t));
  } else {
    demographics->mutable_birth()->set_date(absl::FormatCivilTime(born));
  }
  demographics->set_sex(person.sex);
  const auto identify = [&](ev::IdentifierType type, const std::string& value,
                            ev::Answer verified, ev::IdentifierHolder holder) {
    ev::Identifier* identifier = demographics->add_identifiers();
    identifier->set_type(type);
    identifier->set_value(value);
    identifier->set_verified(verified);
    identifier->set_holder(holder);
  };
  const auto known = person.known_as.find(desk);
  const bool newborn = t - At(person.born) < absl::Hours(24 * 28);
  if (known != person.known_as.end() && known->second.verified_nhs) {
    identify(ev::IDENTIFIER_TYPE_NHS_NUMBER, person.nhs_number, ev::ANSWER_YES,
             ev::IDENTIFIER_HOLDER_SELF);
  } else if (newborn && at.writer == "health") {
    identify(ev::IDENTIFIER_TYPE_NHS_NUMBER, people_[family.mother].nhs_number,
             ev::ANSWER_YES, ev::IDENTIFIER_HOLDER_MOTHER);
  } else if (random_.Chance(at.copied_nhs_per_mille)) {
    identify(ev::IDENTIFIER_TYPE_NHS_NUMBER, person.nhs_number, ev::ANSWER_NO,
             ev::IDENTIFIER_HOLDER_SELF);
  }
  if (!person.upn.empty() && random_.Chance(at.upn_per_mille)) {
    identify(ev::IDENTIFIER_TYPE_UPN, person.upn, ev::ANSWER_YES,
             ev::IDENTIFIER_HOLDER_SELF);
  }
  if (random_.Chance(400)) {
    ev::Address* address = demographics->add_addresses();
    address->add_lines(family.street);
    address->add_lines("Northshire");
    address->set_postcode(family.postcode);
    *address->mutable_use() = Code("home");
  }
}

absl::string_view SyntheticArea::World::RelationOf(const Family& family,
                                                   size_t adult, size_t child) {
  if (adult == family.mother) return concepts::relation::kMother;
  return child >= family.his_from ? concepts::relation::kFather
                                  : concepts::relation::kPartnerOfParent;
}

// --- Statements -------------------------------------------------------------

const ev::Author& SyntheticArea::World::Staff(size_t desk) {
  return random_.Pick(staff_[desk]);
}

SyntheticArea::World::Telling SyntheticArea::World::Begin(
    size_t desk, absl::Time t, const People& whom, absl::string_view headline) {
  Telling telling = {.desk = desk, .t = t, .whom = whom, .said = {}};
  FillSubmission(desk, t + absl::Minutes(random_.Between(1, 600)),
                 telling.said.mutable_submission());
  for (Person* person : whom) {
    Name(desk, *person, t, telling.said.add_about()->mutable_person());
  }
  FillAccount(t, headline, telling.said.mutable_account());
  return telling;
}

void SyntheticArea::World::FillSubmission(size_t desk, absl::Time recorded,
                                          ev::Submission* submission) {
  const Desk& at = DeskAt(desk);
  submission->set_request_id(
      absl::StrFormat("g%d-%09d", options_.seed, ++requests_));
  *submission->mutable_organisation() = OrganisationOf(desk);
  *submission->mutable_author() = Staff(desk);
  submission->mutable_record_ref()->set_system(std::string(at.system));
  submission->mutable_record_ref()->set_id(
      absl::StrFormat("%s/%07d", at.record_prefix, ++records_[desk]));
  if (random_.Chance(300)) submission->mutable_record_ref()->set_version("1");
  submission->mutable_recorded()->set_instant(InstantText(recorded));
  if (at.commissioned_by) {
    *submission->mutable_commissioned_by() =
        OrganisationOf(*at.commissioned_by);
  }
}

void SyntheticArea::World::FillAccount(absl::Time t, absl::string_view headline,
                                       ev::Account* account) {
  SetWhen(t, account->mutable_occurred());
  account->set_headline(std::string(headline));
  if (random_.Chance(600)) {
    account->set_summary(absl::StrCat(headline, ". ", random_.Pick(kOutcomes)));
  }
  if (random_.Chance(400)) {
    account->set_action(std::string(random_.Pick(kActions)));
  }
  if (random_.Chance(300)) {
    account->set_outcome(std::string(random_.Pick(kOutcomes)));
  }
}

void SyntheticArea::World::SetWhen(absl::Time t, ev::When* when) {
  const int kind = random_.Between(0, 99);
  if (kind < 70) {
    when->set_instant(InstantText(t));
  } else if (kind < 82) {
    ev::LocalTime* local = when->mutable_local();
    local->set_time(absl::FormatTime("%Y-%m-%d%ET%H:%M:00", t, London()));
    local->set_zone("Europe/London");
  } else if (kind < 94) {
    when->set_date(DayText(t));
  } else if (kind < 97) {
    when->set_date(MonthText(t));
    when->set_approximate(ev::ANSWER_YES);
    when->set_words("some time that month");
  } else if (kind < 99) {
    when->mutable_interval()->mutable_since()->set_date(
        DayText(t - absl::Hours(24 * 7)));
    when->mutable_interval()->mutable_until()->set_date(DayText(t));
  } else {
    when->mutable_not_known();
  }
}

void SyntheticArea::World::Name(size_t desk, Person& person, absl::Time t,
                                ev::Person* named) {
  const bool known = person.known_as.contains(desk);
  KnownAs& as = Knows(desk, person);
  if (!as.registered) {
    as.registered = true;
    Register(desk, person, t);
  }
  ev::LocalId& id = *named->mutable_ref()->mutable_local_id();
  id.set_system(std::string(DeskAt(desk).system));
  id.set_id(as.id);
  if (!known || random_.Chance(50)) {
    Describe(desk, person, t, named->mutable_demographics());
  }
  ++person.lines;
}

void SyntheticArea::World::Register(size_t desk, Person& person, absl::Time t) {
  const absl::Time registered = t - absl::Minutes(random_.Between(5, 2000));
  const absl::Time then = std::max(registered, At(person.born));
  Telling telling = Begin(desk, then, {}, "Became known to this service");
  ev::Person& named = *telling.said.add_about()->mutable_person();
  named.mutable_ref()->mutable_local_id()->set_system(
      std::string(DeskAt(desk).system));
  named.mutable_ref()->mutable_local_id()->set_id(person.known_as.at(desk).id);
  Describe(desk, person, then, named.mutable_demographics());
  telling.whom = {&person};
  telling.said.mutable_account()->mutable_occurred()->set_date(DayText(then));
  *telling.said.mutable_subject_registered()->mutable_reason() =
      Code(person.upn.empty() ? "relative_or_household" : DeskAt(desk).reason);
  Send(telling);
}

void SyntheticArea::World::SeeEach(Telling* telling) {
  const size_t words = random_.Below(std::size(kOwnWords));
  for (int i = 0; i < telling->said.about_size(); ++i) {
    ev::Seen* seen = telling->said.mutable_about(i)->mutable_seen();
    const double years = Years(telling->t - At(telling->whom[i]->born));
    const int how = random_.Between(0, 99);
    if (how < 60) {
      seen->set_seen(ev::ANSWER_YES);
      seen->set_alone(random_.Chance(400) ? ev::ANSWER_YES : ev::ANSWER_NO);
      if (seen->alone() == ev::ANSWER_NO) {
        seen->set_not_seen_reason("A parent stayed in the room.");
      }
      if (years < 3) continue;
      if (random_.Chance(400)) {
        seen->set_own_words(
            std::string(kOwnWords[(words + static_cast<size_t>(i)) %
                                  std::size(kOwnWords)]));
      }
      if (random_.Chance(150)) {
        seen->set_wishes("Wants to stay with grandmother at weekends.");
      }
    } else if (how < 85) {
      seen->set_seen(ev::ANSWER_NO);
      seen->set_not_seen_reason("Said to be asleep.");
    } else {
      seen->set_seen(ev::ANSWER_NOT_KNOWN);
    }
  }
}

void SyntheticArea::World::ObserveEach(Telling* telling) {
  for (ev::About& about : *telling->said.mutable_about()) {
    const int count = random_.Between(0, 2);
    const size_t start = random_.Below(std::size(kIndicators));
    for (int i = 0; i < count; ++i) {
      const Word& word = kIndicators[(start + static_cast<size_t>(i)) %
                                     std::size(kIndicators)];
      ev::ObservationMade* observation = about.add_observations();
      *observation->mutable_indicator() = Say(telling->desk, word);
      observation->set_bearing(word.own_code == "WARM" ? ev::BEARING_PROTECTIVE
                                                       : ev::BEARING_CONCERN);
      if (random_.Chance(300)) {
        observation->mutable_gravity()->set_frequency("Seen twice this year");
      }
    }
  }
}

void SyntheticArea::World::TieSiblings(Telling* telling) {
  for (int i = 1; i < telling->said.about_size(); ++i) {
    ev::Tie* tie = telling->said.mutable_about(i)->add_ties();
    tie->add_about(0);
    const Person& eldest = *telling->whom[0];
    const Family& family = families_[eldest.family];
    const auto place = [&](const Person* child) {
      return static_cast<size_t>(child - people_.data());
    };
    const bool half = !family.men.empty() && place(&eldest) < family.his_from &&
                      place(telling->whom[i]) >= family.his_from;
    *tie->mutable_relation() =
        Code(telling->whom[i]->born == eldest.born ? "twin"
             : half                                ? "half_sibling"
                    : concepts::relation::kSibling);
  }
}

ev::Involved* SyntheticArea::World::Involve(const Family& family, size_t adult,
                                            absl::string_view role,
                                            Telling* telling) {
  Person& person = people_[adult];
  ev::Involved* involved = telling->said.add_involved();
  ev::Person* named = involved->mutable_person();
  if (person.known_as.contains(telling->desk) || random_.Chance(700)) {
    Name(telling->desk, person, telling->t, named);
  } else {
    const uint32_t number = adult == family.mother ? kMotherNumber : kManNumber;
    named->mutable_ref()->set_number(number);
    ev::PersonName* name = named->mutable_demographics()->add_names();
    name->set_given(person.given);
    name->set_family(person.family_name);
    person.unnumbered.push_back(
        {telling->desk, telling->said.submission().record_ref().id(), number});
  }
  *involved->mutable_role() = Code(role);
  std::map<absl::string_view, ev::Tie*> ties;
  for (size_t i = 0; i < telling->whom.size(); ++i) {
    const Person* child = telling->whom[i];
    if (child->upn.empty()) continue;
    const absl::string_view relation =
        RelationOf(family, adult, static_cast<size_t>(child - people_.data()));
    ev::Tie*& tie = ties[relation];
    if (tie == nullptr) {
      tie = involved->add_ties();
      *tie->mutable_relation() = Code(relation);
      if (relation == concepts::relation::kMother) {
        tie->set_parental_responsibility(ev::ANSWER_YES);
      }
    }
    tie->add_about(static_cast<uint32_t>(i));
  }
  return involved;
}

void SyntheticArea::World::InvolveAdults(const Family& family,
                                         absl::string_view mother,
                                         absl::string_view man,
                                         Telling* telling) {
  Involve(family, family.mother, mother, telling);
  for (const size_t he : family.men) Involve(family, he, man, telling);
}

void SyntheticArea::World::TellInformant(absl::string_view relation,
                                         ev::Confidentiality confidentiality,
                                         Telling* telling) {
  ev::Informant* informant = telling->said.mutable_informant();
  *informant->mutable_relation() = Code(relation);
  informant->set_confidentiality(confidentiality);
}

void SyntheticArea::World::AtHome(const Family& family, Telling* telling) {
  ev::Place* place = telling->said.mutable_place();
  place->set_name("The family's home");
  *place->mutable_type() = Code("home");
  place->mutable_address()->add_lines(family.street);
  place->mutable_address()->set_postcode(family.postcode);
  place->add_harm_contexts(ev::HARM_CONTEXT_INSIDE_HOME);
}

ev::EntryRef SyntheticArea::World::Ref(const Telling& entry, size_t desk) {
  ev::EntryRef ref;
  *ref.mutable_record_ref() = entry.said.submission().record_ref();
  if (entry.desk != desk) {
    *ref.mutable_organisation() = OrganisationOf(entry.desk);
  }
  return ref;
}

// --- Sending ----------------------------------------------------------------

// When a line leaves: mostly the same hour, sometimes at night, now and then
// weeks later.
absl::Time SyntheticArea::World::SendTime(absl::Time recorded) {
  const int kind = random_.Between(0, 999);
  if (kind < 850) return recorded + absl::Minutes(random_.Between(1, 50));
  if (kind < 965) return recorded + absl::Hours(random_.Between(2, 24));
  return recorded + absl::Hours(24 * random_.Between(2, 40));
}

void SyntheticArea::World::Send(const Telling& telling) {
  if (!Plan(telling)) return;
  if (random_.Chance(4)) Withdraw(telling);
  // Of several children more is written down wrongly.
  if (random_.Chance(telling.whom.size() > 1 ? 50 : 12)) Correct(telling);
  if (random_.Chance(10)) Supplement(telling);
  if (random_.Chance(25)) Judge(telling);
}

bool SyntheticArea::World::Plan(const Telling& telling) {
  const absl::Time t = telling.t;
  const absl::Time sent = SendTime(std::max(t, clock_) + absl::Minutes(600));
  if (t + absl::Minutes(600) > end_ || planned_ >= options_.lines) {
    return false;
  }
  const absl::string_view writer = DeskAt(telling.desk).writer;
  std::string json;
  AppendJson(telling.said, &json);
  ++planned_;
  if (random_.Chance(10) && planned_ < options_.lines) {
    ++planned_;
    lines_.push({sent + absl::Minutes(random_.Between(1, 4000)), ++order_,
                 writer, json});
  }
  lines_.push({sent, ++order_, writer, std::move(json)});
  return true;
}

void SyntheticArea::World::SendUntil(
    absl::Time t,
    const std::function<void(absl::string_view, absl::string_view)>& send) {
  while (!lines_.empty() && lines_.top().sent <= t) {
    send(lines_.top().writer, lines_.top().json);
    lines_.pop();
  }
}

SyntheticArea::World::Telling SyntheticArea::World::Again(const Telling& entry,
                                                          absl::Duration later,
                                                          ev::Amendment how) {
  Telling again = entry;
  again.t += later;
  ev::Submission& submission = *again.said.mutable_submission();
  FillSubmission(again.desk, again.t + absl::Minutes(30), &submission);
  *submission.mutable_record_ref() = entry.said.submission().record_ref();
  submission.mutable_record_ref()->set_version("2");
  for (ev::About& about : *again.said.mutable_about()) {
    about.clear_observations();  // facts of their own
  }
  ev::Amends& amends = *again.said.mutable_amends();
  amends.set_how(how);
  *amends.mutable_target() = Ref(entry, entry.desk);
  return again;
}

void SyntheticArea::World::Correct(const Telling& entry) {
  const absl::Duration later = absl::Hours(random_.Between(1, 24 * 20));
  Telling again = Again(entry, later, ev::AMENDMENT_CORRECTION);
  ev::Amends& amends = *again.said.mutable_amends();
  const int children = again.said.about_size();
  for (int i = 0; i < children && children > 1; ++i) {
    ev::About& speaker = *again.said.mutable_about(i);
    if (speaker.seen().own_words().empty()) continue;
    // Written under the wrong child: emptied there, and said here.
    const int other = (i + 1) % children;
    again.said.mutable_about(other)->mutable_seen()->set_own_words(
        speaker.seen().own_words());
    speaker.mutable_seen()->clear_own_words();
    amends.add_fields("about.seen.own_words");
    amends.set_reason("It was the other child who said so.");
    *amends.mutable_reason_code() = Code("wrong_person");
    Plan(again);
    return;
  }
  again.said.mutable_account()->set_headline(
      "Corrected: it was the afternoon, not the morning");
  SetWhen(entry.t, again.said.mutable_account()->mutable_occurred());
  amends.add_fields("account.headline");
  amends.add_fields("account.occurred");
  amends.set_reason("Entered from memory; the notes say otherwise.");
  *amends.mutable_reason_code() = Code("wrong_time");
  Plan(again);
}

void SyntheticArea::World::Supplement(const Telling& entry) {
  const absl::Duration later = absl::Hours(random_.Between(1, 24 * 20));
  Telling again = Again(entry, later, ev::AMENDMENT_SUPPLEMENT);
  again.said.mutable_account()->set_details(
      "The grandmother says that she looks after them on Fridays.");
  again.said.mutable_amends()->add_fields("account.details");
  if (!again.whom.empty() && random_.Chance(400)) {
    again.said.clear_involved();
    ev::Involved* grandmother = again.said.add_involved();
    grandmother->mutable_person()->mutable_ref()->set_number(
        kGrandmotherNumber);
    ev::Tie* tie = grandmother->add_ties();
    for (int i = 0; i < again.said.about_size(); ++i) {
      tie->add_about(static_cast<uint32_t>(i));
    }
    *tie->mutable_relation() = Code("grandparent");
    again.said.mutable_amends()->add_fields("involved");
  }
  *again.said.mutable_amends()->mutable_reason_code() =
      Code("information_completed");
  Plan(again);
}

void SyntheticArea::World::Withdraw(const Telling& entry) {
  if (entry.whom.empty()) return;
  const absl::Time then = entry.t + absl::Hours(random_.Between(1, 24 * 20));
  Telling later = Begin(entry.desk, then, entry.whom,
                        "Withdrawn: entered on the wrong record");
  ev::EntryWithdrawn* withdrawn = later.said.mutable_entry_withdrawn();
  *withdrawn->mutable_target() = Ref(entry, entry.desk);
  *withdrawn->mutable_reason_code() = Code("wrong_child");
  withdrawn->set_reason("It concerns another person.");
  Plan(later);
}

void SyntheticArea::World::Judge(const Telling& entry) {
  if (entry.whom.empty()) return;
  const absl::Time then = entry.t + absl::Hours(random_.Between(24, 24 * 90));
  Telling later =
      Begin(entry.desk, then, entry.whom, "Significance judged at review");
  ev::SignificanceJudged* judged = later.said.mutable_significance_judged();
  *judged->mutable_target() = Ref(entry, entry.desk);
  judged->set_significance(random_.Chance(600) ? ev::SIGNIFICANCE_SIGNIFICANT
                                               : ev::SIGNIFICANCE_ROUTINE);
  judged->set_reason("Seen together with what came since.");
  Plan(later);
}

// --- The truth --------------------------------------------------------------

std::string SyntheticArea::World::ChildrenJson() const {
  using Json = nlohmann::ordered_json;
  const auto known_as = [](const Person& person) {
    Json known = Json::array();
    for (const auto& [desk, as] : person.known_as) {
      const Desk& at = DeskAt(desk);
      known.push_back({{"writer", std::string(at.writer)},
                       {"organisation", absl::StrCat(at.scheme, ":", at.code)},
                       {"system", std::string(at.system)},
                       {"id", as.id},
                       {"verifiedNhsNumber", as.verified_nhs}});
    }
    for (const Unnumbered& unnumbered : person.unnumbered) {
      const Desk& at = DeskAt(unnumbered.desk);
      known.push_back({{"writer", std::string(at.writer)},
                       {"organisation", absl::StrCat(at.scheme, ":", at.code)},
                       {"recordSystem", std::string(at.system)},
                       {"recordId", unnumbered.record_id},
                       {"number", unnumbered.number}});
    }
    return known;
  };
  Json children = Json::array();
  Json adults = Json::array();
  for (const Person& person : people_) {
    const bool child = !person.upn.empty();
    Json one = {{child ? "child" : "adult", person.number},
                {"family", person.family + 1},
                {"givenName", person.given},
                {"familyName", person.family_name},
                {"birthDate", absl::FormatCivilTime(person.born)},
                {"nhsNumber", person.nhs_number}};
    if (child) {
      one["upn"] = person.upn;
      one["twin"] = person.twin;
    }
    one["lines"] = person.lines;
    one["knownAs"] = known_as(person);
    (child ? children : adults).push_back(std::move(one));
  }
  return Json{{"seed", options_.seed},
              {"children", std::move(children)},
              {"adults", std::move(adults)}}
             .dump(1) +
         "\n";
}

}  // namespace vigil::cli
