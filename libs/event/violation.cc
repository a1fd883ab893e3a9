#include "libs/event/violation.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/event/codes.h"

namespace vigil::event {

void Violations::Add(std::string field, absl::string_view code,
                     absl::string_view description) {
  const Code* published = FindCode(code);
  Check(published != nullptr, "a violation has a published code");
  ++total_;
  if (list_.size() >= kMaxViolations) {
    return;
  }
  list_.push_back({std::move(field), std::string(code),
                   std::string(description.empty() ? published->description
                                                   : description)});
}

std::string FieldPath::Text() const {
  std::string text = parent_ == nullptr ? "" : parent_->Text();
  if (name_.empty()) {
    return text;
  }
  absl::StrAppend(&text, text.empty() ? "" : ".", name_);
  if (index_ != kSingular) {
    absl::StrAppend(&text, "[", index_, "]");
  }
  return text;
}

}  // namespace vigil::event
