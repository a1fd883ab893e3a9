// References that are one person or household: a naming key was replaced, and
// a SubjectRenamed joins the old name and the new (identity.h).
//
//   Renamings renamings;
//   renamings.Join(old_reference, new_reference);
//   if (renamings.AreOne(entry.subject, correction.subject)) ...
//
// Threads: safe to read.
#ifndef VIGIL_LIBS_SAFEGUARDING_RENAMINGS_H_
#define VIGIL_LIBS_SAFEGUARDING_RENAMINGS_H_

#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace vigil::safeguarding {

class Renamings {
 public:
  void Join(absl::string_view a, absl::string_view b) {
    const std::string from(OneOf(a));
    const std::string to(OneOf(b));
    if (from == to) {
      return;
    }
    one_of_[from] = to;
    for (auto& [reference, one] : one_of_) {
      if (one == from) {
        one = to;
      }
    }
  }

  // The same reference for all that are joined; itself for one that is not.
  absl::string_view OneOf(absl::string_view reference) const {
    const auto it = one_of_.find(reference);
    return it == one_of_.end() ? reference : absl::string_view(it->second);
  }

  bool AreOne(absl::string_view a, absl::string_view b) const {
    return OneOf(a) == OneOf(b);
  }

 private:
  std::map<std::string, std::string, std::less<>> one_of_;
};

}  // namespace vigil::safeguarding

#endif  // VIGIL_LIBS_SAFEGUARDING_RENAMINGS_H_
