// The commands of `vigil`. Each adds its subcommand to the application, and
// when that one was chosen, sets `run` to what it does.
#ifndef VIGIL_TOOLS_VIGIL_COMMANDS_H_
#define VIGIL_TOOLS_VIGIL_COMMANDS_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "tools/vigil/exit_code.h"

namespace vigil::cli {

using Run = std::function<ExitCode()>;

void AddPublish(CLI::App* app, Run* run);
void AddFind(CLI::App* app, Run* run);
void AddChronology(CLI::App* app, Run* run);
void AddEntry(CLI::App* app, Run* run);
void AddReplay(CLI::App* app, Run* run);
void AddStatus(CLI::App* app, Run* run);
void AddRelay(CLI::App* app, Run* run);
void AddTerms(CLI::App* app, Run* run);
void AddSettings(CLI::App* app, Run* run);
void AddRebuild(CLI::App* app, Run* run);
void AddTopics(CLI::App* app, Run* run);
void AddGenerate(CLI::App* app, Run* run);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_COMMANDS_H_
