// vigil: what agencies' systems, coordinators, auditors and operators do from a
// command line. One file per command; see commands.h.
#include <iostream>

#include "CLI/CLI.hpp"
#include "libs/service/log.h"
#include "tools/vigil/commands.h"
#include "tools/vigil/exit_code.h"

int main(int argc, char** argv) {
  vigil::service::SetUpLog();  // what libraries have to say, to stderr
  CLI::App app{
      "Vigil: publish what an agency knows of a child, and read what all of "
      "them said.\n`vigil COMMAND --help` tells about one command."};
  app.name("vigil");
  app.require_subcommand(1);
  app.set_version_flag("--version", VIGIL_VERSION);
  app.footer(std::string(vigil::cli::kExitCodesHelp));

  vigil::cli::Run run;
  vigil::cli::AddPublish(&app, &run);
  vigil::cli::AddFind(&app, &run);
  vigil::cli::AddChronology(&app, &run);
  vigil::cli::AddEntry(&app, &run);
  vigil::cli::AddReplay(&app, &run);
  vigil::cli::AddStatus(&app, &run);
  vigil::cli::AddRelay(&app, &run);
  vigil::cli::AddTerms(&app, &run);
  vigil::cli::AddSettings(&app, &run);
  vigil::cli::AddRebuild(&app, &run);
  vigil::cli::AddTopics(&app, &run);
  vigil::cli::AddGenerate(&app, &run);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // how CLI11 says --help, too
    return vigil::cli::AfterOutput(app.exit(error) == 0 ? vigil::cli::kOk
                                                        : vigil::cli::kUsage);
  }
  return vigil::cli::AfterOutput(run());
}
