// What a writer demands of a request beyond the rules of its schema: what no
// option of buf.validate can say, since it depends on another field, on the
// clock, on a table that grows or on arithmetic.
//
// One table, each row with its published codes and a sentence. RULES.md is this
// table for those who write clients, made by RulesMarkdown; a test keeps the
// two equal. What can be told of one message alone, or of a statement as a
// whole, is held here (HoldServerRules); what can be told of any field stands
// in the table too, and is held by the walk through the fields (check.h).
//
// Threads: safe. Failure: none; what is wrong is a violation.
#ifndef VIGIL_LIBS_EVENT_SERVER_RULES_H_
#define VIGIL_LIBS_EVENT_SERVER_RULES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/event/violation.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::event {

// Where and when a rule is asked.
struct Asked {
  absl::Time received;                     // by the server's clock
  const common::v1::Statement* statement;  // it is part of this; or nullptr
  const FieldPath& path;                   // of the message
  Violations* violations;
  Warnings* warnings;

  void Add(absl::string_view field, absl::string_view code,
           absl::string_view description = "") const;
};

struct ServerRule {
  absl::string_view of;     // a message's name, or what fields
  absl::string_view rule;   // a sentence
  absl::string_view codes;  // one or several, with spaces between
  // Whose messages it is asked of, and how; nullptr of what the walk holds.
  const google::protobuf::Descriptor* (*type)() = nullptr;
  void (*hold)(const google::protobuf::Message& message,
               const Asked& asked) = nullptr;
};

absl::Span<const ServerRule> ServerRules();

// Adds what is wrong with a message of that type by the rules of that type. Its
// fields may break the schema's rules too: what is malformed breaks no rule
// here a second time.
void HoldServerRules(const google::protobuf::Message& message,
                     const google::protobuf::Descriptor& type,
                     const Asked& asked);

// ServerRules() as the text of RULES.md.
std::string RulesMarkdown();

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_SERVER_RULES_H_
