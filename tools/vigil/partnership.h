// What a partnership has settled, as statements of the hub.
//
//   absl::StatusOr<config::v1::Partnership> partnership =
//       ReadPartnership("northshire.textproto");
//   for (const Settled& settled : StatementsOf(*partnership)) ...
//
// The id of each request is made of its content: told again, it is the same
// request, and nothing is stored twice.
//
// Threads: safe.
#ifndef VIGIL_TOOLS_VIGIL_PARTNERSHIP_H_
#define VIGIL_TOOLS_VIGIL_PARTNERSHIP_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vigil/common/v1/statement.pb.h"
#include "vigil/config/v1/config.pb.h"

namespace vigil::cli {

// A vigil.config.v1.Partnership in text format. INVALID_ARGUMENT with each
// fault, one a line: "FILE:7: ...".
absl::StatusOr<config::v1::Partnership> ReadPartnership(
    const std::string& path);

struct Settled {
  std::string field;  // of Partnership: "terms_mapped[0]"
  std::string words;  // "Terms mapped: 2"
  common::v1::Statement statement;
};

// In the order of the fields.
std::vector<Settled> StatementsOf(const config::v1::Partnership& partnership);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_PARTNERSHIP_H_
