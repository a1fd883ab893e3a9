// The inside of SyntheticArea: the people of an area, how a desk says
// something of them, and what is told (synthetic_stories.cc).
//
// A story takes the next moment of a family's life and lets desks tell of it:
//
//   Telling visit = Begin(kHealthVisiting, t, {child}, "Visited at home");
//   visit.said.mutable_home_visited()->set_outcome(...);
//   SeeEach(&visit);
//   Send(visit);
#ifndef VIGIL_TOOLS_VIGIL_SYNTHETIC_WORLD_H_
#define VIGIL_TOOLS_VIGIL_SYNTHETIC_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tools/vigil/random.h"
#include "tools/vigil/synthetic_area.h"
#include "tools/vigil/synthetic_desks.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::cli {

class SyntheticArea::World {
 public:
  explicit World(const SyntheticOptions& options);

  void Generate(
      const std::function<void(absl::string_view, absl::string_view)>& send);

  std::string ChildrenJson() const;

 private:
  struct KnownAs {
    std::string id;
    bool verified_nhs = false;
    bool registered = false;  // its registration is on its way
  };

  // A person of whom a record told without knowing them.
  struct Unnumbered {
    size_t desk;
    std::string record_id;
    uint32_t number;
  };

  struct Person {
    int number = 0;  // of the children, or of the adults
    size_t family = 0;
    std::string given;
    std::string family_name;
    std::string former_family_name;
    absl::CivilDay born;
    event::v1::Sex sex = event::v1::SEX_UNSPECIFIED;
    std::string nhs_number;
    std::string upn;  // of a child
    bool twin = false;
    bool birth_told = false;
    std::map<size_t, KnownAs> known_as;  // by desk
    std::vector<Unnumbered> unnumbered;
    int64_t lines = 0;
  };
  using People = std::vector<Person*>;

  struct Family {
    std::string name;
    std::string postcode;
    std::string street;
    size_t primary = kPrimary1;
    std::vector<size_t> children;  // places in people_, the eldest first
    size_t mother = 0;
    std::vector<size_t> men;  // none or one
    size_t his_from = 0;      // he is the father of this child and the younger
    bool imported = false;    // its history was told
    std::map<size_t, std::string> households;  // by desk
  };

  // A statement on its way: who tells, of when, about whom.
  struct Telling {
    size_t desk;
    absl::Time t;
    People whom;  // as in `about`
    common::v1::Statement said;
  };

  struct Line {
    absl::Time sent;
    int64_t order;
    absl::string_view writer;
    std::string json;
    // The queue gives the greatest: the line that leaves first.
    friend bool operator<(const Line& a, const Line& b) {
      return a.sent != b.sent ? a.sent > b.sent : a.order > b.order;
    }
  };

  // --- People ---------------------------------------------------------------

  std::string Compound(absl::Span<const absl::string_view> begin,
                       absl::Span<const absl::string_view> end);
  std::string GivenName();
  std::string FamilyName();
  std::string NhsNumber();
  void MakeStaff();
  void MakeFamily();
  size_t AddPerson(Person person);

  Family& PickFamily();
  // Those of a family who are alive at `t`, of that age.
  People Born(const Family& family, absl::Time t, int least_age_years = 0,
              int most_age_years = 17);
  Person* One(const People& people);
  size_t SchoolOf(const Person& child, absl::Time t);
  KnownAs& Knows(size_t desk, Person& person);
  void Describe(size_t desk, const Person& person, absl::Time t,
                event::v1::Demographics* demographics);
  // What an adult of the family is to a child of it.
  static absl::string_view RelationOf(const Family& family, size_t adult,
                                      size_t child);

  // --- Statements -----------------------------------------------------------

  // What happened at `t`, told by a desk; the caller adds the act.
  Telling Begin(size_t desk, absl::Time t, const People& whom,
                absl::string_view headline);
  void FillSubmission(size_t desk, absl::Time recorded,
                      event::v1::Submission* submission);
  void FillAccount(absl::Time t, absl::string_view headline,
                   event::v1::Account* account);
  void SetWhen(absl::Time t, event::v1::When* when);
  // By a reference, and with what is known at first.
  void Name(size_t desk, Person& person, absl::Time t,
            event::v1::Person* named);
  // When a person became known to a system; some systems tell it days later.
  void Register(size_t desk, Person& person, absl::Time t);

  // What differs from child to child, said beside each.
  void SeeEach(Telling* telling);
  void ObserveEach(Telling* telling);
  void TieSiblings(Telling* telling);
  // An adult of the family, in that role, with the ties to whom it is about.
  // Most are known to the desk; the others are a number in its record.
  event::v1::Involved* Involve(const Family& family, size_t adult,
                               absl::string_view role, Telling* telling);
  // Mother, and the man if there is one, in those roles.
  void InvolveAdults(const Family& family, absl::string_view mother,
                     absl::string_view man, Telling* telling);
  void TellInformant(absl::string_view relation,
                     event::v1::Confidentiality confidentiality,
                     Telling* telling);
  void AtHome(const Family& family, Telling* telling);

  // An entry as somebody at `desk` names it: whose record it is, if another's.
  static event::v1::EntryRef Ref(const Telling& entry, size_t desk);
  const event::v1::Author& Staff(size_t desk);

  // --- Sending --------------------------------------------------------------

  // Sends it, and now and then what is said of it later.
  void Send(const Telling& telling);
  // False: it lies after the end, or is one too many.
  bool Plan(const Telling& telling);
  absl::Time SendTime(absl::Time recorded);
  void SendUntil(
      absl::Time t,
      const std::function<void(absl::string_view, absl::string_view)>& send);

  // The act said again, of a later version of the record.
  Telling Again(const Telling& entry, absl::Duration later,
                event::v1::Amendment how);
  void Correct(const Telling& entry);
  void Supplement(const Telling& entry);
  void Withdraw(const Telling& entry);
  void Judge(const Telling& entry);

  // --- Stories --------------------------------------------------------------

  void TellStory();
  void RoutineContact(Family& family);
  void Attendance(Family& family);
  void WasNotBrought(Family& family);
  void Weight(Family& family);
  void Practice(Family& family);
  void SensitiveContact(Family& family);
  void HomeVisit(Family& family);
  void Absence(Family& family);
  void SchoolConcern(Family& family);
  void SchoolChange(Family& family);
  void PoliceIncident(Family& family);
  void Missing(Family& family);
  void Protection(Family& family);
  void Referral(Family& family);
  void Enquiry(Family& family);
  void EarlyHelp(Family& family);
  void Housing(Family& family);
  void Probation(Family& family);
  void FamilyProject(Family& family);
  void Household(Family& family);
  void History(Family& family);
  void Unborn(Family& family);
  void Birth(Family& family);
  void Directory(Family& family);

  // What a referral led to, of those whom it was decided about.
  void Assess(const Telling& referral, const Telling& decision);
  void Protect(const Family& family, const Telling& decision);

  absl::Duration Days(int least, int most);
  // A story begins a little before the clock.
  absl::Time Now();
  std::string NewConversation();
  event::v1::IncidentRef NewIncident(absl::Time t);

  const SyntheticOptions options_;
  Random random_;
  uint64_t nhs_start_ = 0;
  uint64_t nhs_used_ = 0;
  std::vector<Family> families_;
  std::vector<Person> people_;
  std::vector<event::v1::Author> staff_[kDesks];
  int children_ = 0;
  int adults_ = 0;
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

// Texts of times, on the clocks of Europe/London.
std::string InstantText(absl::Time t);  // RFC 3339, with their offset
std::string DayText(absl::Time t);
std::string MonthText(absl::Time t);
// The same time of the next day that is not at a weekend.
absl::Time NextWorkingDay(absl::Time t);
double Years(absl::Duration d);
absl::Time At(absl::CivilDay day);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_SYNTHETIC_WORLD_H_
