// Made-up facts of the size and shape of real ones: statements as a force sends
// them, and sealed events as a writer appends them. Nobody in them exists.
//
// Threads: safe.
#ifndef VIGIL_TOOLS_BENCHMARK_FACTS_H_
#define VIGIL_TOOLS_BENCHMARK_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/event/naming_key_file.h"
#include "libs/eventlog/event_log.h"

namespace vigil::benchmark {

// Facts that a child has, on average: a child has tens (design, section 10).
inline constexpr int64_t kFactsPerChild = 20;

// Statements of about 700 bytes, half of them incidents and half concerns, each
// with a request id of its own. They are serialised once and only their digits
// change: the load shall cost little beside what is loaded.
class Requests {
 public:
  Requests();

  static constexpr char kMethod[] = "/vigil.police.v1.PoliceService/Submit";

  std::string Bytes(int64_t number) const;

 private:
  struct Template {
    std::string bytes;
    std::vector<size_t> number_at;  // where the request's digits stand
    std::vector<size_t> child_at;
  };
  std::vector<Template> templates_;
};

// Sealed events of one writer, for its topic. The first of a child registers
// it, with names and date of birth; the rest are incidents and concerns.
class Events {
 public:
  // `count` in all decides how many children there are.
  Events(std::string writer, int64_t count);

  std::string topic() const;
  eventlog::TopicRecord Event(int64_t number) const;

 private:
  const std::string writer_;
  const int64_t children_;
  const event::NamingKeys keys_;
  const absl::Time received_;
};

}  // namespace vigil::benchmark

#endif  // VIGIL_TOOLS_BENCHMARK_FACTS_H_
