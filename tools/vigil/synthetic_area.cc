#include "tools/vigil/synthetic_area.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "libs/base/calendar.h"
#include "libs/base/check.h"
#include "libs/base/nhs_number.h"
#include "libs/base/upn.h"
#include "nlohmann/json.hpp"
#include "tools/vigil/agencies.h"
#include "tools/vigil/proto_json.h"
#include "tools/vigil/random.h"
#include "vigil/common/v1/submission.pb.h"
#include "vigil/education/v1/education.pb.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/types.pb.h"
#include "vigil/health/v1/health.pb.h"
#include "vigil/mash/v1/mash.pb.h"
#include "vigil/police/v1/police.pb.h"
#include "vigil/social_care/v1/social_care.pb.h"

namespace vigil::cli {
namespace {

namespace cv = common::v1;
namespace ev = event::v1;

using Words = std::vector<absl::string_view>;

// One system of one organisation, and who sits at it.
struct Desk {
  absl::string_view agency;
  absl::string_view scheme;
  absl::string_view code;
  absl::string_view system;
  absl::string_view record_prefix;
  int verified_nhs_per_mille;  // of the people it knows
  int copied_nhs_per_mille;
  int upn_per_mille;
  Words roles;
  absl::string_view team;
  absl::string_view duty_contact;
};

enum DeskIndex : size_t {
  kPolice,
  kHospital,
  kHealthVisiting,
  kPractice,
  kPrimary1,
  kPrimary2,
  kSecondary,
  kSocialCare,
  kHub,
  kHousing,
  kDesks
};

const std::vector<Desk>& Desks() {
  static const auto& desks = *new std::vector<Desk>{
      {"police",
       "police",
       "99",
       "police-records",
       "PR",
       0,
       120,
       0,
       {"police constable", "duty sergeant", "detective constable"},
       "Public Protection",
       "01632 960101, public protection desk"},
      {"health",
       "ods",
       "X99A1",
       "hospital-epr",
       "EP",
       850,
       50,
       0,
       {"emergency department nurse", "consultant paediatrician",
        "named doctor for safeguarding"},
       "Northshire General Hospital",
       "01632 960201, named nurse on call"},
      {"health",
       "ods",
       "X99B1",
       "health-visiting",
       "HV",
       900,
       30,
       0,
       {"health visitor", "community nursery nurse"},
       "0 to 19 service",
       "01632 960202, duty health visitor"},
      {"health",
       "ods",
       "X99C1",
       "practice-records",
       "GP",
       800,
       100,
       0,
       {"general practitioner", "practice nurse"},
       "Harbour Street Practice",
       "01632 960203, safeguarding lead"},
      {"education",
       "urn",
       "999001",
       "school-records",
       "SC",
       0,
       150,
       950,
       {"designated safeguarding lead", "class teacher", "head teacher"},
       "Gannet Primary School",
       "01632 960301, school office"},
      {"education",
       "urn",
       "999002",
       "school-records",
       "SC",
       0,
       100,
       900,
       {"designated safeguarding lead", "teaching assistant", "head teacher"},
       "Fulmar Primary School",
       "01632 960302, school office"},
      {"education",
       "urn",
       "999003",
       "pupil-register",
       "PU",
       0,
       200,
       970,
       {"designated safeguarding lead", "head of year", "attendance officer"},
       "Kittiwake Academy",
       "01632 960303, pastoral office"},
      {"social_care",
       "la",
       "E99000001",
       "case-management",
       "CM",
       700,
       100,
       500,
       {"social worker", "team manager", "family support worker"},
       "Assessment team 2",
       "01632 960401, duty social worker"},
      {"mash",
       "local",
       "NORTHSHIRE-HUB",
       "hub-records",
       "HB",
       800,
       50,
       200,
       {"hub coordinator", "hub manager"},
       "Multi-agency safeguarding hub",
       "01632 960501, hub duty desk"},
      {"mash",
       "local",
       "NORTHSHIRE-HOUSING",
       "housing-cases",
       "HO",
       0,
       0,
       0,
       {"housing officer", "environmental health officer"},
       "Private sector housing",
       "01632 960502, housing duty officer"},
  };
  Check(desks.size() == kDesks, "one desk for each name");
  return desks;
}

struct KnownAs {
  size_t desk;
  std::string id;
  bool verified_nhs = false;
  bool registered = false;  // its registration is on its way
};

// A child of whom a record told before it had a number anywhere.
struct Unnumbered {
  size_t desk;
  std::string record_id;
};

struct Child {
  int number = 0;
  int family = 0;
  std::string given;
  std::string family_name;
  std::string former_family_name;
  absl::CivilDay born;
  ev::Sex sex = ev::SEX_UNSPECIFIED;
  std::string nhs_number;
  std::string upn;
  bool twin = false;
  std::map<size_t, KnownAs> known_as;  // by desk
  std::vector<Unnumbered> unnumbered;
  int64_t lines = 0;
};

struct Family {
  std::string name;
  std::string mother_given;
  std::string mother_nhs_number;
  std::string postcode;
  std::string street;
  size_t primary = kPrimary1;
  std::vector<size_t> children;
};

const Words kGivenBegin = {"Ae",   "Bri", "Cae",  "Dovi", "Eli",  "Fae",
                           "Gwi",  "Ilo", "Jova", "Kae",  "Lumi", "Mio",
                           "Nevi", "Ori", "Pelo", "Rhoa", "Sui",  "Tavi",
                           "Uli",  "Ve",  "Wyno", "Xa",   "Ysa",  "Zu"};
const Words kGivenEnd = {"bek", "dra",  "fenn", "lune", "mbri", "neth", "quen",
                         "rix", "shai", "thel", "vex",  "wyn",  "zar",  "lo"};
const Words kFamilyBegin = {"Ash",   "Bram",   "Cold",   "Dun",     "Ember",
                            "Fern",  "Glim",   "Ivel",   "Jass",    "Kestrel",
                            "Lark",  "Moth",   "Nettle", "Otter",   "Pell",
                            "Quill", "Rook",   "Sedge",  "Thistle", "Umber",
                            "Vex",   "Wherry", "Yarrow", "Zephyr"};
const Words kFamilyEnd = {"dottle",  "mere", "wick",  "vane", "combe",
                          "garth",   "lowe", "sedge", "fenn", "thwaite",
                          "bristle", "moss", "quay",  "tarn"};
const Words kStreets = {"Gannet Row",   "Fulmar Walk",     "Dunlin Close",
                        "Whimbrel Way", "Turnstone Court", "Petrel Rise"};

ev::CodedTerm Term(absl::string_view system, absl::string_view code,
                   absl::string_view display) {
  ev::CodedTerm term;
  term.set_system(std::string(system));
  term.set_code(std::string(code));
  term.set_display(std::string(display));
  return term;
}

struct TermRow {
  absl::string_view code;
  absl::string_view display;
  absl::string_view headline;
};

const TermRow kAttendances[] = {
    {"ED-INJ", "Injury", "Brought to the emergency department with an injury"},
    {"ED-ILL", "Acute illness", "Seen in the emergency department, unwell"},
    {"ED-BURN", "Burn or scald", "Scald to the hand, said to be from a cup"},
    {"ED-ING", "Ingestion", "Swallowed a household product"},
    {"MIU", "Minor injury", "Attended the minor injury unit"}};
const TermRow kAbsences[] = {
    {"UNAUTH", "Unauthorised absence", "Absent without explanation this week"},
    {"PERSIST", "Persistent absence", "Missed more than a tenth of sessions"},
    {"SEVERE", "Severe absence", "Missed half of all sessions or more"},
    {"LATE", "Repeated lateness", "Late after registers closed, most days"}};
const TermRow kSchoolConcerns[] = {
    {"NEG", "Neglect", "Comes to school hungry and without a coat"},
    {"EMO", "Emotional harm", "Withdrawn and afraid to go home"},
    {"PHY", "Physical harm", "Bruise to the upper arm, two explanations"},
    {"ONL", "Online harm", "Contacted by an adult in a game"}};
const TermRow kPoliceIncidents[] = {
    {"DA", "Domestic abuse", "Domestic abuse attended; children in the home"},
    {"ASB", "Neighbour dispute", "Dispute between neighbours attended"},
    {"WEL", "Concern for welfare", "Welfare check at the request of a caller"},
    {"DRUG", "Drugs found", "Warrant executed; drugs found in the kitchen"}};
const TermRow kIndicators[] = {{"BED", "Sparse bedrooms", ""},
                               {"COV", "Inadequate bed covering", ""},
                               {"FOOD", "Little food", ""},
                               {"HEAT", "No heating", ""},
                               {"CLOTH", "Unsuitable clothing", ""},
                               {"WARM", "Warm with the parent", ""}};
const Words kOwnWords = {"I stayed in my room till it was quiet.",
                         "Mum was crying and I got the little one a drink.",
                         "I like it when nan comes.",
                         "We had toast for tea and for breakfast.",
                         "I don't want to say."};
const Words kActions = {
    "Discussed with the safeguarding lead.", "Parent spoken to; advice given.",
    "Follow-up within seven days.", "Information sent to the duty desk.",
    "Appointment offered again by letter and telephone."};
const Words kOutcomes = {
    "No further action by this agency.", "To be reviewed at the next meeting.",
    "Support accepted by the family.", "Still open.", "Closed after review."};

// RFC 3339 in the offset of the clocks of Europe/London on that day.
std::string InstantText(absl::Time t) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%S%Ez", t, London());
}
std::string LocalText(absl::Time t) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:00", t, London());
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

// The same time of the next day that is not at a weekend.
absl::Time NextWorkingDay(absl::Time t) {
  do {
    t += absl::Hours(24);
  } while (absl::GetWeekday(absl::ToCivilDay(t, London())) ==
               absl::Weekday::saturday ||
           absl::GetWeekday(absl::ToCivilDay(t, London())) ==
               absl::Weekday::sunday);
  return t;
}

}  // namespace

class SyntheticArea::World {
 public:
  explicit World(const SyntheticOptions& options)
      : options_(options), random_(options.seed * 0x2545f4914f6cdd1d + 1) {
    Check(options.families >= 1 && options.families <= kMaxSyntheticFamilies,
          "the number of synthetic families is out of range");
    Check(options.from < options.to, "a period that ends before it begins");
    nhs_start_ = random_.Below(kSyntheticNhsNumbers);
    for (int i = 0; i < options.families; ++i) MakeFamily(i);
  }

  void Generate(
      const std::function<void(absl::string_view, absl::string_view)>& send) {
    const absl::Time from = At(options_.from);
    const absl::Duration span = At(options_.to) - from;
    end_ = At(options_.to);
    while (planned_ < options_.lines) {
      // The clock of the area runs as its lines do, so that the last is
      // planned about when the period ends, whatever the stories hold.
      clock_ = from + span * (static_cast<double>(planned_) /
                              static_cast<double>(options_.lines));
      SendUntil(clock_, send);
      const int64_t before = planned_;
      TellStory();
      // All that was to come of the story lies beyond the end: what has
      // happened by then is told at least.
      if (planned_ == before) RoutineContact(PickFamily());
    }
    SendUntil(absl::InfiniteFuture(), send);
  }

  std::string ChildrenJson() const;

 private:
  struct Line {
    absl::Time sent;
    int64_t order;
    absl::string_view agency;
    std::string json;
    bool operator<(const Line& other) const {  // the earliest on top
      return std::pair(sent, order) > std::pair(other.sent, other.order);
    }
  };
  using Children = std::vector<Child*>;

  // --- People ---------------------------------------------------------------

  // Each draw is a statement of its own: the order in which a compiler
  // evaluates the arguments of one call is its own affair.
  std::string Compound(const Words& begin, const Words& end) {
    std::string name(random_.Pick(begin));
    absl::StrAppend(&name, random_.Pick(end));
    return name;
  }
  std::string GivenName() {
    std::string name = Compound(kGivenBegin, kGivenEnd);
    if (random_.Chance(30)) name = absl::StrCat("Élo", random_.Pick(kGivenEnd));
    if (random_.Chance(50)) {
      absl::StrAppend(&name, "-", random_.Pick(kGivenBegin), "lo");
    }
    return name;
  }
  std::string FamilyName() {
    std::string name = Compound(kFamilyBegin, kFamilyEnd);
    if (random_.Chance(60)) {
      absl::StrAppend(&name, "-", Compound(kFamilyBegin, kFamilyEnd));
    }
    return random_.Chance(15) ? absl::StrCat("O'", name) : name;
  }
  std::string NhsNumber() {
    return GenerateSyntheticNhsNumber((nhs_start_ + nhs_used_++) %
                                      kSyntheticNhsNumbers);
  }

  void MakeFamily(int number) {
    Family family;
    family.name = FamilyName();
    family.mother_given = GivenName();
    family.mother_nhs_number = NhsNumber();
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
    for (int i = 0; i < children; ++i) {
      const bool twin = i > 0 && random_.Chance(30);
      if (i > 0 && !twin) born += random_.Between(300, 1500);
      if (born >= options_.to) break;
      Child child;
      child.number = static_cast<int>(children_.size()) + 1;
      child.family = number + 1;
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
      if (twin) children_.back().twin = true;
      family.children.push_back(children_.size());
      children_.push_back(std::move(child));
    }
    families_.push_back(std::move(family));
  }

  // A few families have most of the contacts.
  Family& PickFamily() {
    const uint64_t all = families_.size();
    const uint64_t few = std::max<uint64_t>(1, all / 10);
    return families_[random_.Chance(550) ? random_.Below(few)
                                         : random_.Below(all)];
  }

  Children Born(const Family& family, absl::Time t, int least_age_years = 0,
                int most_age_years = 17) {
    Children born;
    for (const size_t index : family.children) {
      Child& child = children_[index];
      const absl::Time birth = At(child.born);
      if (birth + absl::Hours(6) > t) continue;
      const auto years = Years(t - birth);
      if (years < least_age_years || years >= most_age_years + 1) continue;
      born.push_back(&child);
    }
    return born;
  }

  Child* One(const Children& children) {
    return children.empty() ? nullptr : random_.Pick(children);
  }

  size_t SchoolOf(const Child& child, absl::Time t) {
    const double years = Years(t - At(child.born));
    return years >= 11.5
               ? kSecondary
               : families_[static_cast<size_t>(child.family) - 1].primary;
  }

  KnownAs& Knows(size_t desk, Child& child) {
    const auto [it, added] = child.known_as.try_emplace(desk);
    if (added) {
      it->second.desk = desk;
      // Some systems number with leading zeros, which are part of the id.
      const int id = static_cast<int>(10'000 * (desk + 1)) + ++ids_[desk];
      it->second.id = desk == kPolice || desk == kPractice
                          ? absl::StrFormat("%08d", id)
                          : absl::StrCat(id);
      it->second.verified_nhs =
          random_.Chance(Desks()[desk].verified_nhs_per_mille);
    }
    return it->second;
  }

  void Describe(size_t desk, const Child& child, absl::Time t,
                ev::Demographics* demographics) {
    const Desk& at = Desks()[desk];
    ev::PersonName* name = demographics->add_names();
    name->set_family(child.family_name);
    name->set_given(child.given);
    name->set_use(ev::NAME_USE_CURRENT);
    if (random_.Chance(20)) {  // written as heard
      name->set_given(child.given.substr(0, child.given.size() - 1));
    }
    if (!child.former_family_name.empty() && random_.Chance(500)) {
      ev::PersonName* former = demographics->add_names();
      former->set_family(child.former_family_name);
      former->set_given(child.given);
      former->set_use(ev::NAME_USE_FORMER);
    }
    absl::CivilDay born = child.born;
    if (random_.Chance(15) && born.day() <= 12) {
      const absl::CivilDay swapped(born.year(), born.day(), born.month());
      if (At(swapped) <= t) born = swapped;
    }
    if (at.agency == "police" && random_.Chance(150)) {
      auto* age = demographics->mutable_birth()->mutable_estimated_age();
      age->set_years(
          static_cast<uint32_t>(std::max(0.0, Years(t - At(child.born)))));
      age->set_on(DayText(t));
    } else {
      demographics->mutable_birth()->set_date(absl::FormatCivilTime(born));
    }
    demographics->set_sex(child.sex);
    const KnownAs& known = child.known_as.at(desk);
    const bool newborn = t - At(child.born) < absl::Hours(24 * 28);
    if (known.verified_nhs) {
      AddIdentifier(ev::IDENTIFIER_TYPE_NHS_NUMBER, child.nhs_number,
                    ev::ANSWER_YES, ev::IDENTIFIER_HOLDER_SELF, demographics);
    } else if (newborn && at.agency == "health") {
      AddIdentifier(
          ev::IDENTIFIER_TYPE_NHS_NUMBER,
          families_[static_cast<size_t>(child.family) - 1].mother_nhs_number,
          ev::ANSWER_YES, ev::IDENTIFIER_HOLDER_MOTHER, demographics);
    } else if (random_.Chance(at.copied_nhs_per_mille)) {
      AddIdentifier(ev::IDENTIFIER_TYPE_NHS_NUMBER, child.nhs_number,
                    ev::ANSWER_NO, ev::IDENTIFIER_HOLDER_SELF, demographics);
    }
    if (random_.Chance(at.upn_per_mille)) {
      AddIdentifier(ev::IDENTIFIER_TYPE_UPN, child.upn, ev::ANSWER_YES,
                    ev::IDENTIFIER_HOLDER_SELF, demographics);
    }
    if (random_.Chance(400)) {
      const Family& family = families_[static_cast<size_t>(child.family) - 1];
      ev::Address* address = demographics->add_addresses();
      address->add_lines(family.street);
      address->add_lines("Northshire");
      address->set_postcode(family.postcode);
      *address->mutable_use() = Term("northshire", "home", "Home");
    }
  }

  static void AddIdentifier(ev::IdentifierType type, const std::string& value,
                            ev::Answer verified, ev::IdentifierHolder holder,
                            ev::Demographics* demographics) {
    ev::Identifier* identifier = demographics->add_identifiers();
    identifier->set_type(type);
    identifier->set_value(value);
    identifier->set_verified(verified);
    identifier->set_holder(holder);
  }

  // --- Requests -------------------------------------------------------------

  static ev::Organisation OrganisationOf(size_t desk) {
    ev::Organisation organisation;
    organisation.set_scheme(std::string(Desks()[desk].scheme));
    organisation.set_code(std::string(Desks()[desk].code));
    return organisation;
  }

  void SetAuthor(size_t desk, ev::Author* author) {
    const Desk& at = Desks()[desk];
    author->set_name(Compound(kGivenBegin, kGivenEnd));
    absl::StrAppend(author->mutable_name(), " ",
                    Compound(kFamilyBegin, kFamilyEnd));
    author->set_role(std::string(random_.Pick(at.roles)));
    author->set_team(std::string(at.team));
    author->set_duty_contact(std::string(at.duty_contact));
  }

  void SetWhen(absl::Time t, ev::When* when) {
    const int kind = random_.Between(0, 99);
    if (kind < 70) {
      when->set_instant(InstantText(t));
    } else if (kind < 82) {
      ev::LocalTime* local = when->mutable_local();
      local->set_time(LocalText(t));
      local->set_zone("Europe/London");
    } else if (kind < 94) {
      when->set_date(DayText(t));
    } else if (kind < 97) {
      when->set_date(MonthText(t));
      when->set_approximate(ev::ANSWER_YES);
      when->set_words("some time that month");
    } else if (kind < 99) {
      when->mutable_interval()->mutable_from()->set_date(
          DayText(t - absl::Hours(24 * 7)));
      when->mutable_interval()->mutable_until()->set_date(DayText(t));
    } else {
      when->mutable_not_known();
    }
  }

  std::string NewRecordId(size_t desk) {
    return absl::StrFormat("%s/%07d", Desks()[desk].record_prefix,
                           ++records_[desk]);
  }

  void FillSubmission(size_t desk, absl::Time recorded, cv::Submission* s) {
    s->set_request_id(absl::StrFormat("g%d-%09d", options_.seed, ++requests_));
    *s->mutable_organisation() = OrganisationOf(desk);
    SetAuthor(desk, s->mutable_author());
    s->mutable_record_ref()->set_system(std::string(Desks()[desk].system));
    s->mutable_record_ref()->set_id(NewRecordId(desk));
    if (random_.Chance(300)) s->mutable_record_ref()->set_version("1");
    s->mutable_recorded()->set_instant(InstantText(recorded));
  }

  // A request by `desk` of what happened at `t`; the caller adds what it says.
  template <typename R>
  R Begin(size_t desk, absl::Time t, const Children& children,
          absl::string_view headline) {
    R request;
    FillSubmission(desk, t + absl::Minutes(random_.Between(1, 600)),
                   request.mutable_submission());
    for (Child* child : children) AddChild(desk, *child, t, &request);
    FillAccount(t, headline, request.mutable_account());
    return request;
  }

  void FillAccount(absl::Time t, absl::string_view headline,
                   cv::Account* account) {
    SetWhen(t, account->mutable_occurred());
    account->set_headline(std::string(headline));
    if (random_.Chance(600)) {
      account->set_summary(
          absl::StrCat(headline, ". ", random_.Pick(kOutcomes)));
    }
    if (random_.Chance(400)) {
      account->set_action(std::string(random_.Pick(kActions)));
    }
    if (random_.Chance(300)) {
      account->set_outcome(std::string(random_.Pick(kOutcomes)));
    }
  }

  template <typename R>
  void AddChild(size_t desk, Child& child, absl::Time t, R* request) {
    const bool known = child.known_as.contains(desk);
    KnownAs& as = Knows(desk, child);
    if (!as.registered) {
      as.registered = true;
      Register(desk, child, t);
    }
    ev::Person* person = request->add_children();
    person->mutable_local_id()->set_system(std::string(Desks()[desk].system));
    person->mutable_local_id()->set_id(as.id);
    if (!known || random_.Chance(50)) {
      Describe(desk, child, t, person->mutable_demographics());
    }
    ++child.lines;
  }

  // When a person became known to a system; some systems tell it days later.
  void Register(size_t desk, Child& child, absl::Time t) {
    cv::RegisterPersonRequest request;
    const absl::Time registered = t - absl::Minutes(random_.Between(5, 2000));
    const absl::Time then = std::max(registered, At(child.born));
    FillSubmission(desk, then, request.mutable_submission());
    ev::Person* person = request.add_children();
    person->mutable_local_id()->set_system(std::string(Desks()[desk].system));
    person->mutable_local_id()->set_id(child.known_as.at(desk).id);
    Describe(desk, child, then, person->mutable_demographics());
    cv::Account* account = request.mutable_account();
    account->mutable_occurred()->set_date(DayText(then));
    account->set_headline("Became known to this service");
    *request.mutable_registration()->mutable_reason() =
        Term("northshire", "first", "First contact");
    Send(desk, request, then);
  }

  void SeeChild(cv::Account* account) {
    ev::ChildSeen* seen = account->mutable_child();
    const int how = random_.Between(0, 99);
    if (how < 60) {
      seen->set_seen(ev::ANSWER_YES);
      seen->set_alone(random_.Chance(400) ? ev::ANSWER_YES : ev::ANSWER_NO);
      if (seen->alone() == ev::ANSWER_NO) {
        seen->set_not_seen_reason("A parent stayed in the room.");
      }
      if (random_.Chance(400)) {
        seen->set_own_words(std::string(random_.Pick(kOwnWords)));
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

  template <typename R>
  void Observe(R* request) {
    const int count = random_.Between(1, 3);
    const size_t start = random_.Below(std::size(kIndicators));
    for (int i = 0; i < count; ++i) {
      const TermRow& row = kIndicators[(start + static_cast<size_t>(i)) %
                                       std::size(kIndicators)];
      ev::ObservationMade* observation = request->add_observations();
      *observation->mutable_indicator() =
          Term("northshire-indicators", row.code, row.display);
      observation->set_bearing(row.code == "WARM" ? ev::BEARING_PROTECTIVE
                                                  : ev::BEARING_CONCERN);
      if (random_.Chance(300))
        observation->set_severity("Seen twice this year");
    }
  }

  // --- Sending --------------------------------------------------------------

  // Finds which member of the agency's Item takes this request.
  template <typename R>
  static absl::string_view ItemMember(size_t desk) {
    static const auto& names =
        *new std::map<absl::string_view, std::string>([] {
          std::map<absl::string_view, std::string> found;
          for (const Agency& agency : Agencies()) {
            const auto& item = *agency.item->GetDescriptor();
            for (int i = 0; i < item.field_count(); ++i) {
              if (item.field(i)->message_type() == R::descriptor()) {
                found[agency.name] = item.field(i)->json_name();
              }
            }
          }
          return found;
        }());
    const auto it = names.find(Desks()[desk].agency);
    Check(it != names.end(), "an agency without that request");
    return it->second;
  }

  // When a line leaves: mostly the same hour, sometimes at night, now and then
  // weeks later.
  absl::Time SendTime(absl::Time recorded) {
    const int kind = random_.Between(0, 999);
    if (kind < 850) return recorded + absl::Minutes(random_.Between(1, 50));
    if (kind < 965) return recorded + absl::Hours(random_.Between(2, 24));
    return recorded + absl::Hours(24 * random_.Between(2, 40));
  }

  template <typename R>
  void Send(size_t desk, const R& request, absl::Time t) {
    if (!Plan<R>(desk, request, t)) return;
    if (random_.Chance(4)) WithdrawIt(desk, request, t);
    if (random_.Chance(12)) CorrectIt(desk, request, t);
    if (random_.Chance(10)) SupplementIt(desk, request, t);
    if (random_.Chance(25)) JudgeIt(desk, request, t);
  }

  // False: it lies after the end, or is one too many.
  template <typename R>
  bool Plan(size_t desk, const R& request, absl::Time t) {
    const absl::Time sent = SendTime(std::max(t, clock_) + absl::Minutes(600));
    if (t + absl::Minutes(600) > end_ || planned_ >= options_.lines) {
      return false;
    }
    std::string json = absl::StrCat("{\"", ItemMember<R>(desk), "\":");
    AppendJson(request, &json);
    json.push_back('}');
    ++planned_;
    if (random_.Chance(10) && planned_ < options_.lines) {
      ++planned_;
      lines_.push({sent + absl::Minutes(random_.Between(1, 4000)), ++order_,
                   Desks()[desk].agency, json});
    }
    lines_.push({sent, ++order_, Desks()[desk].agency, std::move(json)});
    return true;
  }

  void SendUntil(
      absl::Time t,
      const std::function<void(absl::string_view, absl::string_view)>& send) {
    while (!lines_.empty() && lines_.top().sent <= t) {
      send(lines_.top().agency, lines_.top().json);
      lines_.pop();
    }
  }

  // What is said later of an earlier request, if that was one child's.
  template <typename Later, typename R>
  std::optional<Later> About(size_t desk, const R& request, absl::Time t,
                             absl::string_view headline) {
    if constexpr (!requires { request.children(); }) {
      return std::nullopt;
    } else {
      // A person without a local id is named by a record, and this is another.
      if (request.children_size() != 1 || !request.children(0).has_local_id()) {
        return std::nullopt;
      }
      Later later;
      FillSubmission(desk, t + absl::Minutes(30), later.mutable_submission());
      *later.mutable_child() = request.children(0);
      FillAccount(t, headline, later.mutable_account());
      return later;
    }
  }

  template <typename R>
  void CorrectIt(size_t desk, const R& request, absl::Time t) {
    const absl::Time then = t + absl::Hours(random_.Between(1, 24 * 20));
    auto later = About<cv::CorrectRequest>(
        desk, request, t, "Corrected: it was the afternoon, not the morning");
    if (!later) return;
    ev::EntryCorrected* correction = later->mutable_correction();
    *correction->mutable_target()->mutable_record_ref() =
        request.submission().record_ref();
    correction->add_fields("header.headline");
    correction->add_fields("header.occurred");
    correction->set_reason("Entered from memory; the notes say otherwise.");
    later->mutable_submission()->mutable_recorded()->set_instant(
        InstantText(then));
    Plan(desk, *later, then);
  }
  template <typename R>
  void SupplementIt(size_t desk, const R& request, absl::Time t) {
    const absl::Time then = t + absl::Hours(random_.Between(1, 24 * 20));
    auto later = About<cv::SupplementRequest>(
        desk, request, t, "Added: what the grandmother said");
    if (!later) return;
    *later->mutable_supplement()->mutable_target()->mutable_record_ref() =
        request.submission().record_ref();
    later->mutable_supplement()->add_fields("kind.summary");
    later->mutable_account()->set_summary(
        "The grandmother says that she looks after the child on Fridays.");
    later->mutable_submission()->mutable_recorded()->set_instant(
        InstantText(then));
    Plan(desk, *later, then);
  }
  template <typename R>
  void WithdrawIt(size_t desk, const R& request, absl::Time t) {
    const absl::Time then = t + absl::Hours(random_.Between(1, 24 * 20));
    auto later = About<cv::WithdrawRequest>(
        desk, request, t, "Withdrawn: entered on the wrong record");
    if (!later) return;
    ev::EntryWithdrawn* withdrawal = later->mutable_withdrawal();
    *withdrawal->mutable_target()->mutable_record_ref() =
        request.submission().record_ref();
    *withdrawal->mutable_reason_code() =
        Term("northshire", "wrong-record", "Entered on the wrong record");
    withdrawal->set_reason("It concerns another person.");
    later->mutable_submission()->mutable_recorded()->set_instant(
        InstantText(then));
    Plan(desk, *later, then);
  }
  template <typename R>
  void JudgeIt(size_t desk, const R& request, absl::Time t) {
    const absl::Time then = t + absl::Hours(random_.Between(24, 24 * 90));
    auto later = About<cv::JudgeSignificanceRequest>(
        desk, request, t, "Significance judged at review");
    if (!later) return;
    ev::SignificanceJudged* judgement = later->mutable_judgement();
    *judgement->mutable_target()->mutable_record_ref() =
        request.submission().record_ref();
    judgement->set_significance(random_.Chance(600)
                                    ? ev::SIGNIFICANCE_SIGNIFICANT
                                    : ev::SIGNIFICANCE_ROUTINE);
    judgement->set_reason("Seen together with what came since.");
    later->mutable_submission()->mutable_recorded()->set_instant(
        InstantText(then));
    Plan(desk, *later, then);
  }

  // --- Stories --------------------------------------------------------------

  void TellStory();
  void RoutineContact(const Family& family);
  void Attendance(const Family& family);
  void WasNotBrought(const Family& family);
  void Weight(const Family& family);
  void Practice(const Family& family);
  void SensitiveContact(const Family& family);
  void HomeVisit(const Family& family);
  void Absence(const Family& family);
  void SchoolConcern(const Family& family);
  void SchoolChange(const Family& family);
  void PoliceIncident(const Family& family);
  void Missing(const Family& family);
  void Protection(const Family& family);
  void Referral(const Family& family);
  void Enquiry(const Family& family);
  void EarlyHelp(const Family& family);
  void Housing(const Family& family);
  void Unborn(const Family& family);

  absl::Duration Days(int least, int most) {
    const absl::Duration days = absl::Hours(24 * random_.Between(least, most));
    return days + absl::Minutes(random_.Between(0, 300));
  }

  // A story begins a little before the clock.
  absl::Time Now() { return clock_ - absl::Minutes(random_.Between(1, 3000)); }

  const SyntheticOptions options_;
  Random random_;
  uint64_t nhs_start_ = 0;
  uint64_t nhs_used_ = 0;
  std::vector<Family> families_;
  std::vector<Child> children_;
  int ids_[kDesks] = {};
  int records_[kDesks] = {};
  int64_t requests_ = 0;
  int64_t conversations_ = 0;
  int64_t incidents_ = 0;
  int64_t planned_ = 0;
  int64_t order_ = 0;
  absl::Time clock_;
  absl::Time end_;
  std::priority_queue<Line> lines_;
};

void SyntheticArea::World::TellStory() {
  using Story = void (World::*)(const Family&);
  struct Share {
    int per_mille;
    Story story;
  };
  // Roughly what an authority's agencies send: most of it everyday health and
  // school, a referral and its steps now and then, protection rarely.
  static constexpr Share kShares[] = {
      {130, &World::RoutineContact}, {130, &World::Attendance},
      {70, &World::WasNotBrought},   {110, &World::Weight},
      {20, &World::Practice},        {20, &World::SensitiveContact},
      {90, &World::HomeVisit},       {165, &World::Absence},
      {70, &World::SchoolConcern},   {20, &World::SchoolChange},
      {60, &World::PoliceIncident},  {20, &World::Missing},
      {3, &World::Protection},       {40, &World::Referral},
      {15, &World::Enquiry},         {20, &World::EarlyHelp},
      {7, &World::Housing},          {10, &World::Unborn},
  };
  int draw = random_.Between(0, 999);
  for (const Share& share : kShares) {
    draw -= share.per_mille;
    if (draw < 0) {
      (this->*share.story)(PickFamily());
      return;
    }
  }
}

void SyntheticArea::World::RoutineContact(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t));
  if (child == nullptr) return;
  const size_t desk = random_.Chance(500)   ? kPractice
                      : random_.Chance(400) ? kSocialCare
                                            : kHealthVisiting;
  auto request = Begin<cv::RecordContactRequest>(
      desk, t, {child}, "Spoke with the family; nothing new");
  *request.mutable_contact()->mutable_mode() =
      random_.Chance(500) ? Term("northshire-mode", "tel", "Telephone")
                          : Term("northshire-mode", "f2f", "Face to face");
  *request.mutable_contact()->add_with() =
      Term("northshire-with", "mother", "Mother");
  request.mutable_contact()->set_attendance(ev::ATTENDANCE_ATTENDED);
  if (random_.Chance(600)) SeeChild(request.mutable_account());
  Send(desk, request, t);
}

void SyntheticArea::World::Attendance(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t));
  if (child == nullptr) return;
  const TermRow& row = random_.Pick(kAttendances);
  auto request = Begin<health::v1::RecordAttendanceRequest>(
      kHospital, t, {child}, row.headline);
  *request.mutable_account()->mutable_term() =
      Term("hospital-epr", row.code, row.display);
  *request.mutable_setting() =
      Term("northshire-setting", "ed", "Emergency department");
  *request.mutable_presenting_problem() =
      Term("hospital-epr", row.code, row.display);
  const bool baby = t - At(child->born) < absl::Hours(24 * 200);
  request.set_non_mobile_injury(row.code == "ED-INJ" && baby
                                    ? ev::ANSWER_YES
                                    : ev::ANSWER_NOT_APPLICABLE);
  request.set_left_before_seen(random_.Chance(60) ? ev::ANSWER_YES
                                                  : ev::ANSWER_NO);
  SeeChild(request.mutable_account());
  if (random_.Chance(100)) Observe(&request);
  Send(kHospital, request, t);
}

void SyntheticArea::World::WasNotBrought(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t));
  if (child == nullptr) return;
  const size_t desk = random_.Chance(600) ? kHospital : kHealthVisiting;
  auto request = Begin<health::v1::RecordWasNotBroughtRequest>(
      desk, t, {child}, "Was not brought to the appointment");
  *request.mutable_clinic() =
      Term("northshire-clinic", "paed", "General paediatric clinic");
  request.mutable_account()->mutable_child()->set_seen(ev::ANSWER_NO);
  request.mutable_account()->mutable_child()->set_not_seen_reason(
      "Was not brought.");
  if (random_.Chance(500)) request.set_rebooked_for("in four weeks");
  Send(desk, request, t);
}

void SyntheticArea::World::Weight(const Family& family) {
  absl::Time t = Now();
  Child* child = One(Born(family, t, 0, 4));
  if (child == nullptr) return;
  const double months = 12 * Years(t - At(child->born));
  auto request = Begin<health::v1::RecordMeasurementRequest>(
      kHealthVisiting, t, {child}, "Weighed at the clinic");
  ev::Measurement* weight = request.mutable_measurement();
  *weight->mutable_quantity() =
      Term("http://snomed.info/sct", "27113001", "Body weight");
  const int grams = 3300 + static_cast<int>(months * 350) -
                    static_cast<int>(months * months * 3) +
                    random_.Between(-400, 400);
  weight->set_value(absl::StrFormat("%d.%d", grams / 1000, grams / 100 % 10));
  weight->set_unit("kg");
  request.set_centile(random_.Chance(150) ? "0.4th to 2nd" : "25th to 50th");
  request.set_bearing(request.centile() == "0.4th to 2nd"
                          ? ev::BEARING_CONCERN
                          : ev::BEARING_NEUTRAL);
  SeeChild(request.mutable_account());
  Send(kHealthVisiting, request, t);
}

void SyntheticArea::World::Practice(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t));
  if (child == nullptr) return;
  auto request = Begin<health::v1::RecordRegistrationRequest>(
      kPractice, t, {child}, "Registration with the practice changed");
  request.set_step(random_.Chance(700)
                       ? health::v1::REGISTRATION_STEP_REGISTERED
                       : health::v1::REGISTRATION_STEP_REMOVED);
  *request.mutable_practice() = OrganisationOf(kPractice);
  request.mutable_effective()->set_date(DayText(t));
  Send(kPractice, request, t);
}

void SyntheticArea::World::SensitiveContact(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t, 11, 17));
  if (child == nullptr) return;
  Send(kHospital,
       Begin<health::v1::RecordSensitiveContactRequest>(
           kHospital, t, {child}, "A service was in contact"),
       t);
}

void SyntheticArea::World::HomeVisit(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t));
  if (child == nullptr) return;
  const bool young = t - At(child->born) < absl::Hours(24 * 365 * 5);
  const size_t desk =
      young && random_.Chance(700) ? kHealthVisiting : kSocialCare;
  const int kind = random_.Between(0, 99);
  const ev::VisitOutcome outcome = kind < 70   ? ev::VISIT_OUTCOME_SEEN
                                   : kind < 92 ? ev::VISIT_OUTCOME_NO_ACCESS
                                               : ev::VISIT_OUTCOME_REFUSED;
  auto request = Begin<cv::RecordHomeVisitRequest>(
      desk, t, {child},
      outcome == ev::VISIT_OUTCOME_SEEN        ? "Visited at home"
      : outcome == ev::VISIT_OUTCOME_NO_ACCESS ? "Home visit: nobody answered"
                                               : "Home visit: refused entry");
  request.mutable_visit()->set_outcome(outcome);
  request.mutable_visit()->set_announced(random_.Chance(700) ? ev::ANSWER_YES
                                                             : ev::ANSWER_NO);
  if (outcome == ev::VISIT_OUTCOME_SEEN) {
    SeeChild(request.mutable_account());
    if (random_.Chance(200)) {
      *request.mutable_visit()->add_conditions() =
          Term("northshire-conditions", "clutter", "Cluttered, little space");
    }
  } else {
    request.mutable_account()->mutable_child()->set_seen(ev::ANSWER_NO);
    request.mutable_account()->mutable_child()->set_not_seen_reason(
        "Nobody let us in.");
  }
  Send(desk, request, t);
}

void SyntheticArea::World::Absence(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t, 5, 15));
  if (child == nullptr) return;
  const size_t desk = SchoolOf(*child, t);
  const TermRow& row = random_.Pick(kAbsences);
  auto request = Begin<education::v1::RecordAbsenceRequest>(desk, t, {child},
                                                            row.headline);
  *request.mutable_account()->mutable_term() =
      Term("school-attendance", row.code, row.display);
  *request.mutable_pattern() = Term("school-attendance", row.code, row.display);
  request.set_percent_missed(absl::StrCat(
      row.code == "SEVERE" ? random_.Between(50, 90) : random_.Between(2, 35)));
  auto& interval =
      *request.mutable_account()->mutable_occurred()->mutable_interval();
  interval.mutable_from()->set_date(DayText(t - absl::Hours(24 * 7)));
  interval.mutable_until()->set_date(DayText(t));
  Send(desk, request, t);
}

void SyntheticArea::World::SchoolConcern(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t, 4, 16));
  if (child == nullptr) return;
  const size_t desk = SchoolOf(*child, t);
  const TermRow& row = random_.Pick(kSchoolConcerns);
  if (random_.Chance(350)) {
    auto incident = Begin<education::v1::RecordIncidentRequest>(
        desk, t, {child}, "Something happened in school today");
    *incident.mutable_account()->mutable_term() =
        Term("school-incidents", "DISCL", "Disclosure");
    incident.set_child_present(ev::ANSWER_YES);
    SeeChild(incident.mutable_account());
    Send(desk, incident, t);
    return;
  }
  auto request = Begin<cv::RaiseConcernRequest>(desk, t, {child}, row.headline);
  *request.mutable_concern()->add_categories() =
      Term("cin-census", row.code, row.display);
  request.mutable_concern()->set_urgency(
      random_.Chance(100) ? ev::URGENCY_URGENT : ev::URGENCY_ROUTINE);
  request.mutable_concern()->set_significant_harm(
      random_.Chance(100) ? ev::ANSWER_YES : ev::ANSWER_NOT_KNOWN);
  request.mutable_concern()->set_basis("Seen by two members of staff.");
  SeeChild(request.mutable_account());
  if (random_.Chance(200)) {
    request.mutable_account()->mutable_informant()->set_relation("neighbour");
    request.mutable_account()->mutable_informant()->set_confidentiality(
        ev::CONFIDENTIALITY_CONFIDENTIAL);
  }
  if (random_.Chance(300)) Observe(&request);
  Send(desk, request, t);
}

void SyntheticArea::World::SchoolChange(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t, 5, 15));
  if (child == nullptr) return;
  const size_t desk = SchoolOf(*child, t);
  if (random_.Chance(500)) {
    auto request = Begin<education::v1::RecordExclusionRequest>(
        desk, t, {child}, "Suspended for a fixed time");
    *request.mutable_type() = Term("school-exclusion", "SUSP", "Suspension");
    request.mutable_from()->set_date(DayText(t));
    request.mutable_until()->set_date(DayText(t + absl::Hours(72)));
    Send(desk, request, t);
    return;
  }
  auto request = Begin<education::v1::RecordEnrolmentRequest>(
      desk, t, {child}, "Joined or left the school");
  request.set_step(random_.Chance(600)
                       ? education::v1::ENROLMENT_STEP_JOINED
                       : education::v1::ENROLMENT_STEP_MISSING_FROM_EDUCATION);
  *request.mutable_school() = OrganisationOf(desk);
  request.mutable_effective()->set_date(DayText(t));
  Send(desk, request, t);
}

void SyntheticArea::World::PoliceIncident(const Family& family) {
  const absl::Time t = Now();
  const Children children = Born(family, t);
  if (children.empty()) return;
  const TermRow& row = random_.Pick(kPoliceIncidents);
  ev::IncidentRef incident;
  incident.set_issuer("police:99");
  incident.set_id(absl::StrFormat("%s-%06d", DayText(t), ++incidents_));

  const auto attended = [&](absl::string_view headline, absl::Time then) {
    auto request = Begin<police::v1::RecordIncidentRequest>(kPolice, then,
                                                            children, headline);
    *request.mutable_submission()->add_incident_refs() = incident;
    *request.mutable_account()->mutable_term() =
        Term("police-incident-type", row.code, row.display);
    *request.mutable_risk_grading() =
        random_.Chance(200) ? Term("dash", "high", "High")
                            : Term("dash", "standard", "Standard");
    request.set_child_present(ev::ANSWER_YES);
    request.set_child_whereabouts("In an upstairs bedroom.");
    *request.mutable_child_role() =
        Term("northshire-role", "victim", "Victim in own right");
    SeeChild(request.mutable_account());
    if (random_.Chance(400)) Observe(&request);
    request.mutable_account()->mutable_informant()->set_relation("neighbour");
    request.mutable_account()->mutable_informant()->set_confidentiality(
        ev::CONFIDENTIALITY_ANONYMOUS);
    ev::Place* place = request.mutable_account()->mutable_place();
    place->set_name("The family's home");
    place->add_harm_contexts(ev::HARM_CONTEXT_INSIDE_HOME);
    ev::InvolvedPerson* adult =
        request.mutable_account()->add_people_involved();
    adult->mutable_person()->set_person_number(90);
    ev::PersonName* name =
        adult->mutable_person()->mutable_demographics()->add_names();
    name->set_given(family.mother_given);
    name->set_family(family.name);
    *adult->mutable_role() = Term("northshire-role", "adult", "Adult present");
    *adult->mutable_relation_to_child() =
        Term("northshire-relation", "mother", "Mother");
    Send(kPolice, request, then);
  };
  attended(row.headline, t);
  // The notification of the same incident, an hour after the call.
  if (random_.Chance(500)) {
    attended("Protection notification: children at the incident",
             t + absl::Minutes(80));
  }
  for (Child* child : children) {
    const double years = Years(t - At(child->born));
    if (years < 5 || years > 16 || row.code != "DA") continue;
    const size_t school = SchoolOf(*child, t);
    auto notice = Begin<cv::RecordNoticeRequest>(
        school, NextWorkingDay(t), {child},
        "Told by the police of last night's incident");
    *notice.mutable_submission()->add_incident_refs() = incident;
    *notice.mutable_notice()->mutable_type() =
        Term("northshire-notice", "encompass", "Operation Encompass");
    notice.mutable_notice()->set_direction(ev::DIRECTION_RECEIVED);
    *notice.mutable_notice()->mutable_other() = OrganisationOf(kPolice);
    Send(school, notice, NextWorkingDay(t));
  }
  if (random_.Chance(300)) {
    auto rated = Begin<mash::v1::RatePriorityRequest>(
        kHub, t + absl::Hours(14), children, "Notification rated");
    *rated.mutable_submission()->add_incident_refs() = incident;
    rated.mutable_priority()->set_rating(
        random_.Chance(150) ? ev::RATING_RED : ev::RATING_AMBER);
    rated.mutable_priority()->set_reasons("Third incident in six months.");
    Send(kHub, rated, t + absl::Hours(14));
  }
  if (random_.Chance(150)) {
    const absl::Time then = t + Days(5, 60);
    auto step = Begin<police::v1::RecordInvestigationRequest>(
        kPolice, then, children, "Investigation ended");
    *step.mutable_submission()->add_incident_refs() = incident;
    step.set_stage(ev::STAGE_COMPLETED);
    *step.mutable_offence() = Term("home-office", "8N", "Assault");
    *step.mutable_outcome() =
        Term("home-office", "16", "Victim does not support action");
    Send(kPolice, step, then);
  }
}

void SyntheticArea::World::Missing(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t, 10, 17));
  if (child == nullptr) return;
  ev::IncidentRef incident;
  incident.set_issuer("police:99");
  incident.set_id(absl::StrFormat("M%s-%06d", DayText(t), ++incidents_));
  auto gone = Begin<police::v1::RecordMissingEpisodeRequest>(
      kPolice, t, {child}, "Reported missing");
  *gone.mutable_submission()->add_incident_refs() = incident;
  gone.set_step(police::v1::MISSING_STEP_REPORTED);
  *gone.mutable_missing_from() = Term("northshire-missing", "home", "Home");
  gone.set_circumstances("Did not come home from school.");
  gone.mutable_account()->mutable_child()->set_seen(ev::ANSWER_NO);
  Send(kPolice, gone, t);
  const absl::Time back = t + absl::Hours(random_.Between(3, 60));
  auto returned = Begin<police::v1::RecordMissingEpisodeRequest>(
      kPolice, back, {child}, "Returned home by themselves");
  *returned.mutable_submission()->add_incident_refs() = incident;
  returned.set_step(police::v1::MISSING_STEP_RETURNED);
  *returned.mutable_missing_from() = Term("northshire-missing", "home", "Home");
  returned.set_return_interview_held(ev::ANSWER_NO);
  SeeChild(returned.mutable_account());
  Send(kPolice, returned, back);
}

void SyntheticArea::World::Protection(const Family& family) {
  const absl::Time t = Now();
  const Children children = Born(family, t);
  if (children.empty()) return;
  auto used = Begin<police::v1::RecordPoliceProtectionRequest>(
      kPolice, t, children, "Taken into police protection");
  used.set_step(police::v1::PROTECTION_STEP_USED);
  used.set_designated_officer("inspector, public protection");
  used.mutable_began()->set_instant(InstantText(t));
  used.mutable_ends()->set_instant(InstantText(t + absl::Hours(72)));
  used.set_grounds("No adult in the home able to care.");
  SeeChild(used.mutable_account());
  Send(kPolice, used, t);
  const absl::Time meeting = t + absl::Hours(20);
  auto strategy = Begin<cv::RecordMeetingRequest>(
      kSocialCare, meeting, children, "Strategy discussion held");
  strategy.mutable_meeting()->set_stage(ev::STAGE_COMPLETED);
  *strategy.mutable_meeting()->mutable_type() =
      Term("northshire-meeting", "strategy", "Strategy discussion");
  for (const size_t desk : {kPolice, kHospital, kSocialCare}) {
    ev::Attendee* attendee = strategy.mutable_meeting()->add_attendees();
    *attendee->mutable_organisation() = OrganisationOf(desk);
    attendee->set_role("safeguarding lead");
    attendee->set_attended(ev::ANSWER_YES);
  }
  strategy.mutable_meeting()->set_decision("Enquiries begin today.");
  Send(kSocialCare, strategy, meeting);
  const absl::Time end = t + absl::Hours(60);
  auto ended = Begin<police::v1::RecordPoliceProtectionRequest>(
      kPolice, end, children, "Police protection ended");
  ended.set_step(police::v1::PROTECTION_STEP_ENDED);
  ended.set_designated_officer("inspector, public protection");
  Send(kPolice, ended, end);
}

void SyntheticArea::World::Referral(const Family& family) {
  const absl::Time t = Now();
  const Children born = Born(family, t);
  if (born.empty()) return;
  const Children children = random_.Chance(500) ? born : Children{One(born)};
  const bool school = t - At(children[0]->born) > absl::Hours(24 * 365 * 5) &&
                      random_.Chance(500);
  const size_t from = school                ? SchoolOf(*children[0], t)
                      : random_.Chance(500) ? kPolice
                                            : kHospital;
  const std::string conversation =
      absl::StrFormat("northshire-%d-%07d", options_.seed, ++conversations_);
  const bool telephone = random_.Chance(600);
  const bool urgent = random_.Chance(200);

  auto referral = Begin<cv::MakeReferralRequest>(
      from, t, children,
      telephone ? "Referred to children's social care by telephone"
                : "Referred to children's social care");
  referral.mutable_submission()->set_conversation_ref(conversation);
  ev::ReferralMade* made = referral.mutable_referral();
  made->set_route(telephone ? ev::REFERRAL_ROUTE_TELEPHONE
                            : ev::REFERRAL_ROUTE_WRITTEN);
  made->set_urgency(urgent ? ev::URGENCY_URGENT : ev::URGENCY_ROUTINE);
  made->set_significant_harm(urgent ? ev::ANSWER_YES : ev::ANSWER_NOT_KNOWN);
  *made->mutable_addressee() = OrganisationOf(kSocialCare);
  made->set_addressee_function("duty social worker");
  const TermRow& row = random_.Pick(kSchoolConcerns);
  *made->add_categories() = Term("cin-census", row.code, row.display);
  made->set_basis("Told by the child, and seen by staff.");
  made->set_needs("Food, warmth, and help for the parent.");
  made->set_family_informed(random_.Chance(800) ? ev::ANSWER_YES
                                                : ev::ANSWER_NO);
  if (made->family_informed() == ev::ANSWER_NO) {
    made->set_family_not_informed_reason("It would raise the risk.");
  }
  SeeChild(referral.mutable_account());
  Send(from, referral, t);
  const ev::RecordRef ref = referral.submission().record_ref();

  const auto step = [&](auto* request) {
    request->mutable_submission()->set_conversation_ref(conversation);
  };
  if (random_.Chance(700)) {
    auto share = Begin<cv::DecideSharingRequest>(
        from, t + absl::Minutes(20), children, "Decided to share with the hub");
    step(&share);
    ev::SharingDecided* decision = share.mutable_decision();
    decision->set_decision(ev::SHARING_DECISION_SHARE);
    *decision->add_recipients() = OrganisationOf(kSocialCare);
    *decision->mutable_purpose() =
        Term("northshire-purpose", "safeguarding", "Safeguarding");
    *decision->mutable_legal_basis()->mutable_lawful_basis() =
        Term("uk-gdpr-6-1", "e", "Public task");
    decision->set_consent(ev::CONSENT_STATUS_NOT_SOUGHT_NOT_THE_BASIS);
    decision->set_necessity("Needed to decide on protection.");
    decision->set_more_detrimental_than_not(ev::ANSWER_NO);
    decision->set_family_told(made->family_informed());
    if (decision->family_told() == ev::ANSWER_NO) {
      decision->set_family_not_told_reason("It would raise the risk.");
    }
    Send(from, share, t + absl::Minutes(20));
  }
  if (telephone && random_.Chance(900)) {
    const absl::Time then =
        t + absl::Hours(random_.Between(2, random_.Chance(850) ? 47 : 120));
    auto confirmation = Begin<cv::ConfirmReferralRequest>(
        from, then, children, "Referral confirmed in writing");
    step(&confirmation);
    *confirmation.mutable_confirmation()
         ->mutable_referral()
         ->mutable_record_ref() = ref;
    Send(from, confirmation, then);
  }
  if (random_.Chance(930)) {
    const absl::Time then =
        random_.Chance(850) ? t + absl::Hours(4) : t + Days(3, 6);
    auto acknowledgement = Begin<cv::AcknowledgeReferralRequest>(
        kSocialCare, then, children, "Referral received");
    step(&acknowledgement);
    *acknowledgement.mutable_acknowledgement()
         ->mutable_referral()
         ->mutable_record_ref() = ref;
    Send(kSocialCare, acknowledgement, then);
  }
  if (random_.Chance(400)) {
    const absl::Time then = t + absl::Hours(3);
    auto rated = Begin<mash::v1::RatePriorityRequest>(kHub, then, children,
                                                      "Referral rated");
    step(&rated);
    rated.mutable_priority()->set_rating(urgent ? ev::RATING_RED
                                                : ev::RATING_GREEN);
    *rated.mutable_priority()->mutable_about()->mutable_record_ref() = ref;
    Send(kHub, rated, then);
  }
  if (!random_.Chance(880)) return;
  const absl::Time decided = NextWorkingDay(t);
  const int way = random_.Between(0, 99);
  auto decision = Begin<cv::DecideReferralRequest>(
      kSocialCare, decided, children, "Decision on the referral");
  step(&decision);
  ev::ReferralDecided* what = decision.mutable_decision();
  *what->mutable_referral()->mutable_record_ref() = ref;
  what->set_outcome(urgent || way < 12 ? ev::REFERRAL_OUTCOME_SECTION_47
                    : way < 50         ? ev::REFERRAL_OUTCOME_ASSESSMENT
                    : way < 75         ? ev::REFERRAL_OUTCOME_NO_FURTHER_ACTION
                                       : ev::REFERRAL_OUTCOME_EARLY_HELP);
  what->set_abuse_or_neglect_concern(urgent ? ev::ANSWER_YES : ev::ANSWER_NO);
  what->set_urgent_action_needed(urgent ? ev::ANSWER_YES : ev::ANSWER_NO);
  what->set_reasons("After speaking with the referrer and the family.");
  Send(kSocialCare, decision, decided);

  if (what->outcome() == ev::REFERRAL_OUTCOME_ASSESSMENT) {
    for (const bool completed : {false, true}) {
      const absl::Time then = decided + (completed ? Days(25, 50) : Days(1, 3));
      auto assessment = Begin<cv::RecordAssessmentRequest>(
          kSocialCare, then, children,
          completed ? "Assessment completed" : "Assessment started");
      step(&assessment);
      assessment.mutable_assessment()->set_stage(completed ? ev::STAGE_COMPLETED
                                                           : ev::STAGE_STARTED);
      *assessment.mutable_assessment()->mutable_type() =
          Term("northshire-assessment", "single", "Single assessment");
      if (completed) {
        assessment.mutable_assessment()->set_developmental_needs(
            "Meets most milestones; speech is behind.");
        assessment.mutable_assessment()->set_parenting_capacity(
            "Warm; routines are weak.");
        assessment.mutable_assessment()->set_family_and_environment(
            "A grandmother nearby helps.");
        SeeChild(assessment.mutable_account());
      }
      Send(kSocialCare, assessment, then);
    }
  }
  if (what->outcome() != ev::REFERRAL_OUTCOME_SECTION_47) return;

  for (const bool completed : {false, true}) {
    const absl::Time then = decided + (completed ? Days(9, 20) : Days(0, 1));
    auto enquiries = Begin<social_care::v1::RecordEnquiriesRequest>(
        kSocialCare, then, children,
        completed ? "Section 47 enquiries ended"
                  : "Section 47 enquiries began");
    step(&enquiries);
    enquiries.set_stage(completed ? ev::STAGE_COMPLETED : ev::STAGE_STARTED);
    if (completed) {
      *enquiries.mutable_outcome() =
          Term("northshire-s47", "subst", "Substantiated");
      enquiries.set_substantiated(ev::ANSWER_YES);
      enquiries.set_unmet_needs_considered(ev::ANSWER_YES);
      enquiries.set_services_offered(ev::ANSWER_YES);
    }
    Send(kSocialCare, enquiries, then);
  }
  const absl::Time conference = NextWorkingDay(decided + Days(12, 18));
  auto meeting = Begin<cv::RecordMeetingRequest>(
      kSocialCare, conference, children, "Child protection conference");
  step(&meeting);
  meeting.mutable_meeting()->set_stage(ev::STAGE_COMPLETED);
  *meeting.mutable_meeting()->mutable_type() =
      Term("northshire-meeting", "icpc", "Initial conference");
  meeting.mutable_meeting()->set_decision("A plan is needed.");
  ev::ActionAgreed* action = meeting.mutable_meeting()->add_actions();
  action->set_action("Visit every ten working days");
  action->set_owner("social worker");
  Send(kSocialCare, meeting, conference);

  auto plan = Begin<cv::RecordPlanRequest>(kSocialCare, conference, children,
                                           "Child protection plan begins");
  step(&plan);
  plan.mutable_plan()->set_stage(ev::STAGE_STARTED);
  *plan.mutable_plan()->mutable_type() =
      Term("northshire-plan", "cpp", "Child protection plan");
  *plan.mutable_plan()->mutable_category() =
      Term("cin-census", row.code, row.display);
  ev::Objective* objective = plan.mutable_plan()->add_objectives();
  objective->set_objective("Eats breakfast every day");
  objective->set_planned_outcome("Weight on the 25th centile");
  plan.mutable_plan()->mutable_review_due()->set_date(
      DayText(conference + absl::Hours(24 * 91)));
  plan.mutable_plan()->set_family_agrees(ev::ANSWER_YES);
  Send(kSocialCare, plan, conference);
  const ev::RecordRef plan_ref = plan.submission().record_ref();
  const int weeks = random_.Between(2, 12);
  for (int week = 1; week <= weeks; ++week) {
    if (random_.Chance(150)) continue;  // the missing week
    const absl::Time then = conference + absl::Hours(24 * 7 * week);
    auto progress = Begin<cv::ReportProgressRequest>(
        kHealthVisiting, then, {children[0]}, "Progress on the plan");
    step(&progress);
    *progress.mutable_progress()->mutable_plan()->mutable_record_ref() =
        plan_ref;
    progress.mutable_progress()->set_progress("Breakfast most days.");
    Send(kHealthVisiting, progress, then);
  }
}

void SyntheticArea::World::Enquiry(const Family& family) {
  const absl::Time t = Now();
  Child* child = One(Born(family, t));
  if (child == nullptr) return;
  const std::string conversation =
      absl::StrFormat("northshire-%d-%07d", options_.seed, ++conversations_);
  const size_t whom = random_.Chance(500) ? kPolice : kHospital;
  auto enquiry =
      Begin<cv::MakeEnquiryRequest>(kHub, t, {child}, "Asked what is held");
  enquiry.mutable_submission()->set_conversation_ref(conversation);
  ev::EnquiryMade* made = enquiry.mutable_enquiry();
  made->set_type(ev::ENQUIRY_TYPE_CASE_INFORMATION);
  *made->mutable_purpose() =
      Term("northshire-purpose", "safeguarding", "Safeguarding");
  made->set_requester_function("hub coordinator");
  *made->mutable_addressee() = OrganisationOf(whom);
  made->mutable_due()->set_date(DayText(NextWorkingDay(t)));
  made->set_question("What do you hold of the last two years?");
  Send(kHub, enquiry, t);
  if (random_.Chance(100)) return;  // never answered
  const absl::Time then = t + absl::Hours(random_.Between(2, 90));
  auto answer = Begin<cv::AnswerEnquiryRequest>(whom, then, {child},
                                                "Answered the hub's enquiry");
  answer.mutable_submission()->set_conversation_ref(conversation);
  *answer.mutable_answer()->mutable_enquiry()->mutable_record_ref() =
      enquiry.submission().record_ref();
  const bool held = random_.Chance(700);
  answer.mutable_answer()->set_result(held ? ev::ENQUIRY_RESULT_ANSWERED
                                           : ev::ENQUIRY_RESULT_NOTHING_HELD);
  if (held) {
    answer.mutable_answer()->set_information(
        "Two contacts in the last two years; no action by us.");
  }
  Send(whom, answer, then);
}

void SyntheticArea::World::EarlyHelp(const Family& family) {
  absl::Time t = Now();
  Child* child = One(Born(family, t));
  if (child == nullptr) return;
  for (const ev::ServiceResult result :
       {ev::SERVICE_RESULT_OFFERED, ev::SERVICE_RESULT_ACCEPTED,
        ev::SERVICE_RESULT_ENDED}) {
    auto request = Begin<cv::RecordServiceRequest>(
        kSocialCare, t, {child},
        result == ev::SERVICE_RESULT_OFFERED    ? "Family support offered"
        : result == ev::SERVICE_RESULT_ACCEPTED ? "Family support accepted"
                                                : "Family support ended");
    *request.mutable_service()->mutable_service() =
        Term("northshire-service", "family-support", "Family support");
    request.mutable_service()->set_level(ev::SERVICE_LEVEL_TARGETED);
    request.mutable_service()->set_result(result);
    Send(kSocialCare, request, t);
    if (random_.Chance(300)) return;
    t += Days(7, 90);
  }
}

void SyntheticArea::World::Housing(const Family& family) {
  const absl::Time t = Now();
  const Children children = Born(family, t);
  if (children.empty()) return;
  auto found = Begin<cv::RecordObservationRequest>(kHousing, t, children,
                                                   "Damp in the bedrooms");
  *found.mutable_account()->mutable_term() =
      Term("housing-hazards", "HHSRS-1", "Damp and mould growth");
  *found.mutable_observation()->mutable_indicator() =
      Term("housing-hazards", "HHSRS-1", "Damp and mould growth");
  found.mutable_observation()->set_bearing(ev::BEARING_CONCERN);
  Send(kHousing, found, t);
  if (random_.Chance(300)) return;
  const absl::Time then = t + Days(10, 60);
  auto repaired = Begin<cv::RecordObservationRequest>(
      kHousing, then, children, "Damp treated; window catch repaired");
  *repaired.mutable_observation()->mutable_indicator() =
      Term("housing-hazards", "REPAIRED", "Hazard repaired");
  repaired.mutable_observation()->set_bearing(ev::BEARING_PROTECTIVE);
  Send(kHousing, repaired, then);
}

void SyntheticArea::World::Unborn(const Family& family) {
  const absl::Time t = Now();
  for (const size_t index : family.children) {
    Child& child = children_[index];
    const absl::Duration to_birth = At(child.born) - t;
    if (to_birth < absl::Hours(24) || to_birth > absl::Hours(24 * 250)) {
      continue;
    }
    cv::RaiseConcernRequest request = Begin<cv::RaiseConcernRequest>(
        kHospital, t, {}, "Pregnancy booked late; worry for the unborn child");
    ev::Person* person = request.add_children();
    person->set_person_number(1);
    person->mutable_demographics()->mutable_birth()->set_expected(
        absl::FormatCivilTime(child.born + random_.Between(-10, 10)));
    person->mutable_demographics()->set_sex(ev::SEX_NOT_KNOWN);
    request.mutable_concern()->set_urgency(ev::URGENCY_ROUTINE);
    request.mutable_concern()->set_significant_harm(ev::ANSWER_NOT_KNOWN);
    child.unnumbered.push_back(
        {kHospital, request.submission().record_ref().id()});
    ++child.lines;
    Send(kHospital, request, t);
    return;
  }
}

std::string SyntheticArea::World::ChildrenJson() const {
  using Json = nlohmann::ordered_json;
  Json all = Json::array();
  for (const Child& child : children_) {
    Json known = Json::array();
    for (const auto& [desk, as] : child.known_as) {
      const Desk& at = Desks()[desk];
      known.push_back({{"writer", std::string(at.agency)},
                       {"organisation", absl::StrCat(at.scheme, ":", at.code)},
                       {"system", std::string(at.system)},
                       {"id", as.id},
                       {"verifiedNhsNumber", as.verified_nhs}});
    }
    for (const Unnumbered& unnumbered : child.unnumbered) {
      const Desk& at = Desks()[unnumbered.desk];
      known.push_back({{"writer", std::string(at.agency)},
                       {"organisation", absl::StrCat(at.scheme, ":", at.code)},
                       {"recordSystem", std::string(at.system)},
                       {"recordId", unnumbered.record_id},
                       {"personNumber", 1}});
    }
    all.push_back({{"child", child.number},
                   {"family", child.family},
                   {"givenName", child.given},
                   {"familyName", child.family_name},
                   {"birthDate", absl::FormatCivilTime(child.born)},
                   {"nhsNumber", child.nhs_number},
                   {"upn", child.upn},
                   {"twin", child.twin},
                   {"lines", child.lines},
                   {"knownAs", std::move(known)}});
  }
  return Json{{"seed", options_.seed}, {"children", std::move(all)}}.dump(1) +
         "\n";
}

SyntheticArea::SyntheticArea(const SyntheticOptions& options)
    : world_(std::make_unique<World>(options)) {}

SyntheticArea::~SyntheticArea() = default;

void SyntheticArea::Generate(
    const std::function<void(absl::string_view agency, absl::string_view line)>&
        send) {
  world_->Generate(send);
}

std::string SyntheticArea::ChildrenJson() const {
  return world_->ChildrenJson();
}

}  // namespace vigil::cli
