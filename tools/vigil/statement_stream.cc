#include "tools/vigil/statement_stream.h"

#include <deque>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/service/status.h"

namespace vigil::cli {
namespace {

using common::v1::Statement;
using common::v1::StreamOutcome;
using Received = StatementStream::Received;

// For the service to say that it has ended, too; nothing depends on it.
constexpr absl::Duration kEndWithin = absl::Seconds(2);

std::string Method(const service::Writer& writer, absl::string_view name) {
  return absl::StrCat("/", writer.service->full_name(), "/", name);
}

class ExchangeStream final : public StatementStream {
 public:
  explicit ExchangeStream(std::unique_ptr<service::Exchange> exchange)
      : exchange_(std::move(exchange)) {}

  void Send(const Statement& statement) override { exchange_->Send(statement); }

  Received Next(absl::Duration wait, StreamOutcome* outcome) override {
    return exchange_->Receive(outcome, wait);
  }

  absl::Status status() const override { return exchange_->status(); }

  void Finish() override {
    exchange_->SendNoMore();
    StreamOutcome none;
    exchange_->Receive(&none, kEndWithin);
  }

 private:
  const std::unique_ptr<service::Exchange> exchange_;
};

class BatchStream final : public StatementStream {
 public:
  BatchStream(service::Channel channel, std::string method,
              absl::Duration timeout)
      : channel_(std::move(channel)),
        method_(std::move(method)),
        timeout_(timeout) {}

  void Send(const Statement& statement) override {
    *batch_.add_statements() = statement;
  }

  Received Next(absl::Duration wait, StreamOutcome* outcome) override {
    if (outcomes_.empty() && wait > absl::ZeroDuration() &&
        batch_.statements_size() > 0) {
      SendBatch();
    }
    if (!outcomes_.empty()) {
      *outcome = std::move(outcomes_.front());
      outcomes_.pop_front();
      return Received::kMessage;
    }
    return status_.ok() ? Received::kNothing : Received::kEnd;
  }

  absl::Status status() const override { return status_; }

  void Finish() override {}

 private:
  void SendBatch() {
    common::v1::SubmitBatchResponse response;
    const absl::Status status = channel_.Call(
        method_, batch_, &response, {.timeout = timeout_, .traceparent = ""});
    const int sent = batch_.statements_size();
    batch_.Clear();
    if (absl::IsInvalidArgument(status)) {
      // Of the batch as a whole: none of it was stored.
      for (int i = 0; i < sent; ++i) {
        *response.add_outcomes()->mutable_error() =
            service::ToRpcStatus(status);
      }
    } else if (!status.ok()) {
      status_ = status;
      return;
    }
    if (response.outcomes_size() != sent) {
      status_ = absl::InternalError("a batch was answered with other outcomes");
      return;
    }
    for (common::v1::Outcome& outcome : *response.mutable_outcomes()) {
      StreamOutcome numbered;
      numbered.set_index(next_++);
      *numbered.mutable_outcome() = std::move(outcome);
      outcomes_.push_back(std::move(numbered));
    }
  }

  const service::Channel channel_;
  const std::string method_;
  const absl::Duration timeout_;
  common::v1::SubmitBatchRequest batch_;
  std::deque<StreamOutcome> outcomes_;
  uint64_t next_ = 0;  // number of the next outcome to come
  absl::Status status_;
};

}  // namespace

std::unique_ptr<StatementStream> OpenStream(const service::Channel& channel,
                                            const service::Writer& writer) {
  return std::make_unique<ExchangeStream>(
      channel.Begin(Method(writer, "SubmitStream"),
                    {.timeout = absl::InfiniteDuration(), .traceparent = ""}));
}

std::unique_ptr<StatementStream> OpenBatches(const service::Channel& channel,
                                             const service::Writer& writer,
                                             absl::Duration timeout) {
  return std::make_unique<BatchStream>(channel, Method(writer, "SubmitBatch"),
                                       timeout);
}

}  // namespace vigil::cli
