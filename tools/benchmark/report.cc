#include "tools/benchmark/report.h"

#include <cstdint>
#include <fstream>
#include <iostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "libs/base/atomic_file.h"
#include "nlohmann/json.hpp"

namespace vigil::benchmark {
namespace {

using Json = nlohmann::ordered_json;

// 1234567 -> "1,234,567"
std::string Thousands(double number) {
  std::string digits = absl::StrCat(static_cast<int64_t>(number + 0.5));
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string Milliseconds(double number) {
  return number == 0 ? "" : absl::StrFormat("%.2f", number);
}

std::string Line(const Json& row, double ours) {
  const bool is_limit = row["limit"].get<bool>();
  const double rate = row["per_second"].get<double>();
  return absl::StrFormat(
      "%-8s  %-15s  %-38s %12s %9s %9s %8.1f %6d  %s",
      row["log"].get<std::string>(), row["measure"].get<std::string>(),
      absl::StrCat(is_limit ? "  " : "", row["what"].get<std::string>()),
      Thousands(rate), Milliseconds(row["p50_ms"].get<double>()),
      Milliseconds(row["p99_ms"].get<double>()),
      row["cpu_us_each"].get<double>(), row["bytes_each"].get<int64_t>(),
      is_limit && rate > 0 ? absl::StrFormat("%.0f %%", 100 * ours / rate)
                           : "");
}

}  // namespace

absl::Status AddRow(const std::string& file, const Row& row) {
  const Measured& measured = row.measured;
  const Json json = {{"log", row.log},
                     {"measure", row.measure},
                     {"what", row.what},
                     {"limit", row.is_limit},
                     {"per_second", measured.per_second},
                     {"p50_ms", measured.p50_ms},
                     {"p99_ms", measured.p99_ms},
                     {"cpu_us_each", measured.cpu_us_each},
                     {"bytes_each", row.bytes_each}};
  std::cerr << "   " << row.log << " " << row.measure << ", " << row.what
            << ": " << Thousands(measured.per_second) << "/s" << std::endl;
  std::ofstream out(file, std::ios::app);
  out << json.dump() << std::endl;
  if (!out) return absl::UnavailableError("cannot write " + file);
  return absl::OkStatus();
}

absl::Status PrintTable(const std::string& file, const std::string& run,
                        const std::string& json) {
  const absl::StatusOr<std::string> text = ReadFile(file);
  if (!text.ok()) return text.status();
  Json rows = Json::array();
  for (absl::string_view line :
       absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    rows.push_back(Json::parse(line.begin(), line.end()));
  }
  std::cout << run << "\n"
            << absl::StrFormat("%-8s  %-15s  %-38s %12s %9s %9s %8s %6s  %s",
                               "log", "measure", "what", "per second", "p50 ms",
                               "p99 ms", "CPU us", "bytes", "of limit")
            << "\n";
  for (const Json& ours : rows) {
    if (ours["limit"].get<bool>()) continue;
    std::cout << Line(ours, 0) << "\n";
    for (const Json& limit : rows) {
      if (!limit["limit"].get<bool>() || limit["log"] != ours["log"] ||
          limit["measure"] != ours["measure"]) {
        continue;
      }
      std::cout << Line(limit, ours["per_second"].get<double>()) << "\n";
    }
  }
  if (json.empty()) return absl::OkStatus();
  const Json whole = {{"run", std::vector<std::string>(absl::StrSplit(
                                  run, '\n', absl::SkipEmpty()))},
                      {"rows", rows}};
  return WriteFileAtomically(json, whole.dump(2) + "\n");
}

}  // namespace vigil::benchmark
