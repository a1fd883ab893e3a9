// Whom and what a message names: persons and households (SubjectRef), entries
// (EntryRef), references in lists of an act (links, separations), and whom it
// is directed to.
//
//   VisitNamed(statement, {.subject = [&](const v1::SubjectRef& ref,
//                                         bool household,
//                                         const FieldPath& path) { ... },
//                          .entry = ..., .reference = ...});
//
// Which fields of a type can lead to one is found once for each type, so what
// names nobody costs nothing.
//
// Threads: safe, as the message is only read. Failure: none.
#ifndef VIGIL_LIBS_EVENT_NAMED_H_
#define VIGIL_LIBS_EVENT_NAMED_H_

#include <functional>
#include <string>

#include "google/protobuf/message.h"
#include "libs/event/violation.h"
#include "vigil/event/v1/rules.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::event {

struct NamedVisitor {
  // What stands in a SubjectRef; `household`: of a Household, or in a field of
  // that name; else of a person.
  std::function<void(const v1::SubjectRef&, bool household, const FieldPath&)>
      subject;
  // `manner`: what its field says that the message is to that entry;
  // MANNER_UNSPECIFIED if it says nothing (vigil/event/v1/rules.proto).
  std::function<void(const v1::EntryRef&, v1::Manner manner, const FieldPath&)>
      entry;
  // A reference in a text of its own, "subjects_linked.subjects[0]".
  std::function<void(const std::string&, const FieldPath&)> reference;
  // To whom it is directed (vigil/event/v1/rules.proto).
  std::function<void(const v1::Organisation&, const FieldPath&)> addressee =
      [](const v1::Organisation&, const FieldPath&) {};
};

// In the order of fields. Every function but `addressee` must be set.
void VisitNamed(const google::protobuf::Message& message,
                const NamedVisitor& visitor,
                const FieldPath& path = FieldPath());

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_NAMED_H_
