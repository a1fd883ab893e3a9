// Lines for operators, on stderr: a time, a level, an event and its fields.
//
//   SetUpLog();
//   LogInfo("relayed", {{"records", 12}, {"topic", topic}});
//   // 2026-03-28T10:00:00.250Z info relayed records=12 topic=vigil.police...
//
// One event is one line. A value with a space, a quote, '=' or a control
// character is quoted and escaped, so no value can forge a line or a field.
//
// Never a name, a date of birth, an identifier or any text of a request: ids,
// counts, positions and codes only. Unloggable<T> is no value here.
//
// Threads: safe after SetUpLog. Without it, spdlog's own form and stdout.
#ifndef VIGIL_LIBS_SERVICE_LOG_H_
#define VIGIL_LIBS_SERVICE_LOG_H_

#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vigil::service {

struct LogField {
  LogField(absl::string_view field_name, const absl::AlphaNum& field_value)
      : name(field_name), value(field_value.Piece()) {}

  std::string name;
  std::string value;
};

// A braced list, or a vector.
using LogFields = absl::Span<const LogField>;

// First thing in main.
void SetUpLog();

void LogInfo(absl::string_view event, LogFields fields = {});
void LogWarning(absl::string_view event, LogFields fields = {});
void LogError(absl::string_view event, LogFields fields = {});

// "event name=value ...", without time and level.
std::string LogLine(absl::string_view event, LogFields fields);

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_LOG_H_
