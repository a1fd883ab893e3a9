// Plays a scenario: a text file that somebody who works with children can read,
// driven over gRPC through whatever processes serve.
//
//   Played played = Play("tests/scenario/case_b.txt", open);
//   for (const std::string& fault : played.faults) ADD_FAILURE() << fault;
//
// A file is a list of steps. A step begins at the margin; what is indented
// belongs to it; a line that begins with '#' is for the reader. README.md has
// the steps. Besides what a file asks for, these hold for every step:
//
//   - each fact is sent twice, and gets the same receipt twice;
//   - each receipt says LOGGED, and where each event lies, and names everybody
//     whom the statement is about or involves;
//   - each answer about a child has a view id, and the view shown again by that
//     id has the same rows, its digest agreeing;
//   - each answer lags by nothing and has nothing in quarantine.
//
// Threads: one at a time. Failure: a file that cannot be read or understood is
// a fault like any other; the first fault of a fact ends the play, since what
// follows refers to it.
#ifndef VIGIL_TESTS_SCENARIO_SCENARIO_H_
#define VIGIL_TESTS_SCENARIO_SCENARIO_H_

#include <functional>
#include <string>
#include <vector>

#include "libs/service/channel.h"

namespace vigil::scenario {

// A channel of a system of the register to a service ("police").
using Open = std::function<service::Channel(const std::string& system,
                                            const std::string& service)>;

struct Played {
  std::string title;
  int facts = 0;                    // sent
  std::vector<std::string> faults;  // "case_b.txt:120: ..."
  // Checks that stand in the file and cannot be made yet: "households: ...".
  std::vector<std::string> waiting;
};

Played Play(const std::string& file, const Open& open);

}  // namespace vigil::scenario

#endif  // VIGIL_TESTS_SCENARIO_SCENARIO_H_
