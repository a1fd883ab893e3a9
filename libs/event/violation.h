// What is wrong with a request, all of it at once.
//
//   Violations violations;
//   violations.Add("account.headline", code::kRequired);
//   if (!violations.empty()) return Refused(violations);  // INVALID_ARGUMENT
//
// Each violation becomes one google.rpc.BadRequest.FieldViolation. It names the
// field by its path in the request, spelt as in the .proto file
// ("children[0].demographics.identifiers[1].value"), and says by a published
// code (codes.h) and a sentence what the rule is. It never holds the value,
// which may be personal data.
//
// At most kMaxViolations are kept, because no more fit into one answer; the
// rest are counted, so that a hostile request of a million faults costs no
// memory.
//
// Threads: one at a time.
#ifndef VIGIL_LIBS_EVENT_VIOLATION_H_
#define VIGIL_LIBS_EVENT_VIOLATION_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace vigil::event {

struct Violation {
  std::string field;
  std::string code;
  std::string description;

  friend bool operator==(const Violation&, const Violation&) = default;
};

class Violations {
 public:
  // `code` is one of codes.h (another aborts: it would be unpublished). An
  // empty description stands for the code's own.
  void Add(std::string field, absl::string_view code,
           absl::string_view description = "");

  bool empty() const { return total_ == 0; }

  // The first of them, in the order of the fields.
  const std::vector<Violation>& list() const { return list_; }

  // All of them, those not listed too.
  size_t total() const { return total_; }

 private:
  std::vector<Violation> list_;
  size_t total_ = 0;
};

// What is accepted but worth a look, in the same shape; it ends in the receipt.
using Warnings = Violations;

// Where a walk through a message stands: a list that lies on the stack, made to
// text only when there is something to say.
//
//   FieldPath path(&parent, "identifiers", 1);  // of a repeated field
//   path.Text();  // "children[0].demographics.identifiers[1]"
class FieldPath {
 public:
  static constexpr int kSingular = -1;

  FieldPath() = default;  // the message itself
  FieldPath(const FieldPath* parent, absl::string_view name,
            int index = kSingular)
      : parent_(parent), name_(name), index_(index) {}

  std::string Text() const;

 private:
  const FieldPath* parent_ = nullptr;
  absl::string_view name_;
  int index_ = kSingular;
};

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_VIOLATION_H_
