#include "libs/service/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace vigil::service {
namespace {

bool IsPlain(char c) { return c > ' ' && c != '"' && c != '=' && c != 0x7f; }

void AppendValue(absl::string_view value, std::string* line) {
  bool plain = !value.empty();
  for (char c : value) {
    // Bytes over 0x7f are parts of UTF-8; as signed chars they are below ' '.
    plain = plain && (static_cast<unsigned char>(c) >= 0x80 || IsPlain(c));
  }
  if (plain) {
    absl::StrAppend(line, value);
    return;
  }
  line->push_back('"');
  for (char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line->push_back('\\');
      line->push_back(c);
    } else if (byte < ' ' || byte == 0x7f) {
      absl::StrAppend(line, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      line->push_back(c);
    }
  }
  line->push_back('"');
}

void Log(spdlog::level::level_enum level, absl::string_view event,
         LogFields fields) {
  if (spdlog::should_log(level)) {
    spdlog::log(level, "{}", LogLine(event, fields));
  }
}

}  // namespace

void SetUpLog() {
  auto logger = std::make_shared<spdlog::logger>(
      "vigil", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

std::string LogLine(absl::string_view event, LogFields fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.name, "=");
    AppendValue(field.value, &line);
  }
  return line;
}

void LogInfo(absl::string_view event, LogFields fields) {
  Log(spdlog::level::info, event, fields);
}

void LogWarning(absl::string_view event, LogFields fields) {
  Log(spdlog::level::warn, event, fields);
}

void LogError(absl::string_view event, LogFields fields) {
  Log(spdlog::level::err, event, fields);
}

}  // namespace vigil::service
