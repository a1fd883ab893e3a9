// What a request says, before it is known who says it: the value between an
// agency's own words and the pipeline that is the same for all.
//
//   Statement Incident(const police::v1::RecordIncidentRequest& request) {
//     event::v1::Kind kind;
//     *kind.mutable_incident_attended()->mutable_offences() =
//     request.offences(); return Said(request).Fact(kind);
//   }
//
// A vocabulary is a pure function from a request to a Statement. The pipeline
// makes one event for each child and each fact of it.
//
// A Statement points into its request and lives no longer.
#ifndef VIGIL_LIBS_SERVICE_STATEMENT_H_
#define VIGIL_LIBS_SERVICE_STATEMENT_H_

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"
#include "vigil/common/v1/submission.pb.h"
#include "vigil/event/v1/kinds.pb.h"
#include "vigil/event/v1/types.pb.h"

namespace vigil::service {

struct Statement {
  const common::v1::Submission* submission = nullptr;
  const common::v1::Account* account = nullptr;

  // Of whom it is said: children as the sender names them, each with the path
  // of its field in the request ...
  struct Child {
    const event::v1::Person* person = nullptr;
    std::string field;
  };
  std::vector<Child> children;
  // ... or references that the request names. A fact about several is filed
  // under the lowest of them.
  std::vector<std::string> subjects;

  // What is said of each: the main fact first.
  std::vector<event::v1::Kind> facts;

  // How many events that makes: each fact of each child, or of what is named by
  // reference.
  size_t Events() const {
    return (children.size() + (subjects.empty() ? 0 : 1)) * facts.size();
  }

  Statement&& Fact(event::v1::Kind kind) && {
    facts.push_back(std::move(kind));
    return std::move(*this);
  }

  Statement&& About(std::string subject) && {
    subjects.push_back(std::move(subject));
    return std::move(*this);
  }

  template <typename Subjects>
  Statement&& AboutAll(const Subjects& all) && {
    subjects.insert(subjects.end(), all.begin(), all.end());
    return std::move(*this);
  }

  // Each observation is a fact of its own, beside the main one (case B3).
  template <typename Observations>
  Statement&& Beside(const Observations& observations) && {
    for (const event::v1::ObservationMade& observation : observations) {
      *facts.emplace_back().mutable_observation_made() = observation;
    }
    return std::move(*this);
  }
};

// Who, what and of whom, for any request that has the fields all requests
// share.
template <typename Request>
Statement Said(const Request& request) {
  Statement statement;
  statement.submission = &request.submission();
  statement.account = &request.account();
  if constexpr (requires { request.children(); }) {
    for (int i = 0; i < request.children_size(); ++i) {
      statement.children.push_back(
          {&request.children(i), "children[" + std::to_string(i) + "]"});
    }
  }
  if constexpr (requires { request.child(); }) {
    statement.children.push_back({&request.child(), "child"});
  }
  return statement;
}

// The request as that type, or nullptr.
template <typename Request>
const Request* As(const google::protobuf::Message& request) {
  return request.GetDescriptor() == Request::descriptor()
             ? static_cast<const Request*>(&request)
             : nullptr;
}

// What an agency's vocabulary is to the pipeline. A request that it does not
// translate (nothing to say) is our own mistake: a test covers every rpc.
using Vocabulary =
    std::function<Statement(const google::protobuf::Message& request)>;

}  // namespace vigil::service

#endif  // VIGIL_LIBS_SERVICE_STATEMENT_H_
