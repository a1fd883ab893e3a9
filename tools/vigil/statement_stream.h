// Statements on their way to a writer's service, and the outcomes on theirs
// back: the client's end of SubmitStream, or of SubmitBatch in its place.
//
//   std::unique_ptr<StatementStream> stream =
//       OpenStream(channel, *FindWriter("police"));
//   stream->Send(statement);              // number 0
//   stream->Send(another);                // number 1
//   common::v1::StreamOutcome outcome;
//   stream->Next(absl::Seconds(30), &outcome);   // of either of them
//
// Sending waits for nobody. Whoever sends asks for outcomes now and then, and
// bounds how many are missing.
//
// Threads: one at a time.
#ifndef VIGIL_TOOLS_VIGIL_STATEMENT_STREAM_H_
#define VIGIL_TOOLS_VIGIL_STATEMENT_STREAM_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/service/channel.h"
#include "libs/service/writer.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::cli {

class StatementStream {
 public:
  using Received = service::Exchange::Received;

  virtual ~StatementStream() = default;

  virtual void Send(const common::v1::Statement& statement) = 0;

  // The next outcome, with the number of its statement. Of no time at all: if
  // it is here already.
  virtual Received Next(absl::Duration wait,
                        common::v1::StreamOutcome* outcome) = 0;

  // Why it ended, after kEnd; OK if the service ended it.
  virtual absl::Status status() const = 0;

  // All is sent and answered: ends in good order.
  virtual void Finish() = 0;
};

// SubmitStream. It lasts as long as it has to.
std::unique_ptr<StatementStream> OpenStream(const service::Channel& channel,
                                            const service::Writer& writer);

// SubmitBatch: what was sent goes out, as one batch, when somebody waits for an
// outcome and none is here. Whoever sends keeps to the limits of a batch.
std::unique_ptr<StatementStream> OpenBatches(const service::Channel& channel,
                                             const service::Writer& writer,
                                             absl::Duration timeout);

}  // namespace vigil::cli

#endif  // VIGIL_TOOLS_VIGIL_STATEMENT_STREAM_H_
