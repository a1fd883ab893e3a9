#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "libs/base/atomic_file.h"
#include "libs/base/calendar.h"
#include "services/writers.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/synthetic_area.h"
#include "tools/vigil/terminal.h"

namespace vigil::cli {
namespace {

struct GenerateOptions {
  std::string out;
  SyntheticOptions area;
  std::string from;
  std::string to;
};

ExitCode Generate(GenerateOptions options) {
  for (const auto& [text, day, option] :
       {std::tuple(&options.from, &options.area.from, "--from"),
        std::tuple(&options.to, &options.area.to, "--to")}) {
    if (text->empty()) continue;
    const auto parsed = ParseCivilDay(*text);
    if (!parsed) {
      return FailUsage(absl::StrCat(option, " is a date, 2024-01-31"));
    }
    *day = *parsed;
  }
  if (options.area.from >= options.area.to) {
    return FailUsage("--from lies before --to");
  }
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  std::map<std::string, std::ofstream, std::less<>> files;
  for (const service::Writer& writer : Writers()) {
    files[writer.name].open(
        absl::StrCat(options.out, "/", writer.name, ".jsonl"),
        std::ios::binary | std::ios::trunc);
  }
  SyntheticArea area(options.area);
  const auto total = static_cast<uint64_t>(options.area.lines);
  uint64_t lines = 0;
  {
    Progress progress(total);
    area.Generate([&](absl::string_view writer, absl::string_view line) {
      files.find(writer)->second << line << '\n';
      ++lines;
      progress.Show(lines, lines, "lines");
    });
  }
  for (auto& [writer, file] : files) {
    file.close();
    if (!file) {
      return Fail(absl::UnavailableError(
          absl::StrCat(options.out, ": cannot be written")));
    }
  }
  const absl::Status truth = WriteFileAtomically(
      absl::StrCat(options.out, "/children.json"), area.ChildrenJson());
  if (!truth.ok()) return Fail(truth);
  std::cerr << Grouped(lines) << " lines in " << options.out << "\n";
  return kOk;
}

}  // namespace

void AddGenerate(CLI::App* app, Run* run) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app->add_subcommand(
      "generate",
      "Make up an area: families, and what each agency would send of them.\n"
      "Writes DIR/WRITER.jsonl for each writer, for `vigil publish`, and\n"
      "DIR/children.json: which local ids are one person. Nobody in it "
      "exists.");
  command->add_option("--out", options->out, "Folder; made if missing")
      ->required();
  command->add_option("--families", options->area.families, "Families")
      ->check(CLI::Range(1, kMaxSyntheticFamilies))
      ->capture_default_str();
  command
      ->add_option("--events", options->area.lines,
                   "Statements in all files together, one a line; a statement "
                   "about two children, or with observations, is several "
                   "events")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}))
      ->capture_default_str();
  command
      ->add_option("--seed", options->area.seed,
                   "The same seed gives the same bytes")
      ->capture_default_str();
  command->add_option("--from", options->from,
                      "First day of sending (2023-01-01)");
  command->add_option("--to", options->to, "Day after the last (2025-01-01)");
  command->footer(
      "Example:\n"
      "  vigil generate --out area --families 2000 --events 100000 --seed 7\n"
      "  vigil publish police area/police.jsonl");
  command->callback(
      [options, run] { *run = [options] { return Generate(*options); }; });
}

}  // namespace vigil::cli
