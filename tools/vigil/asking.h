// Who asks and why: the options of every question about a child. Both are
// recorded with the answer, in the log, before it is given.
//
// Environment: VIGIL_PERSON_ID, VIGIL_PERSON_NAME, VIGIL_FUNCTION,
// VIGIL_PURPOSE, VIGIL_SERVES, VIGIL_ORGANISATION.
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_ASKING_H_
#define VIGIL_TOOLS_VIGIL_ASKING_H_

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "tools/vigil/row_text.h"
#include "vigil/chronology/v1/chronology.pb.h"

namespace vigil::cli {

class AskingOptions {
 public:
  void AddOptions(CLI::App* app);

  // INVALID_ARGUMENT names the option that is missing or wrong.
  absl::Status Fill(chronology::v1::Asking* asking) const;

  // For the head of what is printed.
  Asked Words() const;

 private:
  std::string person_id_;
  std::string person_name_;
  std::string function_;
  std::string purpose_;
  std::string serves_;
  std::string organisation_;
};

// Which state of knowledge to answer from.
class FreshnessOptions {
 public:
  void AddOptions(CLI::App* app);

  // Reads the receipts' file; INVALID_ARGUMENT says which line is none.
  template <typename Request>
  absl::Status Fill(Request* request) const {
    if (!as_of_.empty()) {
      if (absl::Status status = FillAsOf(request->mutable_as_of());
          !status.ok()) {
        return status;
      }
    }
    if (at_least_.empty()) return absl::OkStatus();
    return FillAtLeast(request->mutable_at_least());
  }

  const std::string& as_of() const { return as_of_; }

 private:
  absl::Status FillAsOf(chronology::v1::AsOf* as_of) const;
  absl::Status FillAtLeast(chronology::v1::AtLeast* at_least) const;

  std::string as_of_;
  std::string at_least_;
};

// "2026-03-28T10:00:00Z", "2026-03-28T10:00" and "2026-03-28" (the clocks of
// Europe/London; a date alone is its end when `end_of_day`).
absl::StatusOr<absl::Time> ParseTime(absl::string_view text, bool end_of_day);

google::protobuf::Timestamp TimestampOf(absl::Time time);

// Of an option without which another question is asked: `--as-of "$UNSET"` must
// not mean now.
CLI::Validator NotEmpty();

// "topic/partition/offset".
absl::StatusOr<event::v1::Position> ParsePosition(absl::string_view text);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_ASKING_H_
