// An event of the log in forms that people and programs read.
//
//   OpenedEvent opened = OpenEvent(logged);
//   std::cout << opened.json << "\n";
//
// Threads: safe. What cannot be opened is shown as far as it can be: what
// stands clear of an event whose sections are sealed or of an unknown kind, or
// the position alone with the reason.
#ifndef VIGIL_TOOLS_VIGIL_OPENED_EVENT_H_
#define VIGIL_TOOLS_VIGIL_OPENED_EVENT_H_

#include <string>
#include <utility>
#include <vector>

#include "vigil/chronology/v1/chronology.pb.h"

namespace vigil::cli {

struct OpenedEvent {
  // {"position":..,"logged":..,"id":..,"source":..,"type":..,"subject":..,
  //  "received":..,"clear":{..},"header":{..},"kind":{..},"persons":[{..}] ...}
  // on one line; a section that is not open is {"unreadable":"why"}. Of a read
  // also "question":{..}, the request that was answered.
  std::string json;
  // The same for people, a name and a value each; of a read, who asked, for
  // whom and why, what, and which children and how many entries were shown.
  std::string title;
  std::vector<std::pair<std::string, std::string>> lines;
};

OpenedEvent OpenEvent(const chronology::v1::LoggedEvent& event);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_OPENED_EVENT_H_
