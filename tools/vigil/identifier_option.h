// --nhs-number and --upn: a child named by an identifier. Threads: one at a
// time.
#ifndef VIGIL_TOOLS_VIGIL_IDENTIFIER_OPTION_H_
#define VIGIL_TOOLS_VIGIL_IDENTIFIER_OPTION_H_

#include <string>

#include "CLI/CLI.hpp"
#include "libs/base/upn.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::cli {

class IdentifierOption {
 public:
  void AddOptions(CLI::App* app) {
    CLI::Option* nhs = app->add_option("--nhs-number", nhs_number_,
                                       "NHS number, spaces allowed");
    app->add_option("--upn", upn_, "Unique pupil number")->excludes(nhs);
  }

  bool given() const { return !nhs_number_.empty() || !upn_.empty(); }

  // Whether it is well formed, the service says.
  event::v1::Identifier Identifier() const {
    event::v1::Identifier identifier;
    if (!nhs_number_.empty()) {
      identifier.set_type(event::v1::IDENTIFIER_TYPE_NHS_NUMBER);
      for (const char c : nhs_number_) {
        if (c != ' ') identifier.mutable_value()->push_back(c);
      }
    } else {
      identifier.set_type(IsTemporaryUpn(upn_)
                              ? event::v1::IDENTIFIER_TYPE_TEMPORARY_UPN
                              : event::v1::IDENTIFIER_TYPE_UPN);
      identifier.set_value(upn_);
    }
    return identifier;
  }

 private:
  std::string nhs_number_;
  std::string upn_;
};

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_IDENTIFIER_OPTION_H_
