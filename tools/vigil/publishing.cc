#include "tools/vigil/publishing.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "libs/base/limits.h"
#include "libs/service/status.h"
#include "tools/vigil/exit_code.h"
#include "tools/vigil/proto_json.h"
#include "tools/vigil/terminal.h"

namespace vigil::cli {
namespace {

// Of a batch around its items: a tag and a length for each.
constexpr size_t kItemOverheadBytes = 8;

bool MayBeRepeated(const absl::Status& status) {
  return ExitCodeOf(status) == kUnavailable;
}

// Whether it says that nobody looked at what was sent.
bool NothingWasTaken(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status) ||
         absl::IsUnimplemented(status);
}

// Line and column of each fault; the parser's own words quote the text.
class Faults : public google::protobuf::io::ErrorCollector {
 public:
  explicit Faults(int64_t first_line) : first_line_(first_line) {}

  void AddError(int line, int column, const std::string& message) override {
    absl::string_view name = message;
    const bool unknown = absl::StrContains(message, "has no field named \"") &&
                         absl::ConsumeSuffix(&name, "\".");
    faults_.push_back(
        absl::StrCat("line ", first_line_ + line, ", column ", column + 1, ": ",
                     unknown ? absl::StrCat("there is no such field: ",
                                            name.substr(name.rfind('"') + 1))
                             : "cannot be read as text format here"));
  }
  void AddWarning(int, int, const std::string&) override {}

  std::string Text() const { return absl::StrJoin(faults_, "; "); }

 private:
  const int64_t first_line_;
  std::vector<std::string> faults_;
};

}  // namespace

std::string CountsText(const PublishCounts& c) {
  return absl::StrCat("sent ", Grouped(static_cast<uint64_t>(c.sent)),
                      ", logged ", Grouped(static_cast<uint64_t>(c.logged)),
                      ", accepted ", Grouped(static_cast<uint64_t>(c.accepted)),
                      ", repeated ", Grouped(static_cast<uint64_t>(c.repeated)),
                      ", refused ", Grouped(static_cast<uint64_t>(c.refused)),
                      ", in doubt ",
                      Grouped(static_cast<uint64_t>(c.in_doubt)));
}

Publishing::Publishing(OpenFn open, Clock clock, PublishSinks sinks,
                       const PublishOptions& options)
    : open_(std::move(open)),
      clock_(std::move(clock)),
      sinks_(std::move(sinks)),
      options_(options) {}

Publishing::~Publishing() = default;

absl::Status Publishing::Run(LineInput& in) {
  const absl::Status status = ReadAll(in);
  if (!items_.empty()) ReportLast(status);
  if (stream_ != nullptr && status.ok()) stream_->Finish();
  Flush();
  return status;
}

absl::Status Publishing::ReadAll(LineInput& in) {
  std::string text;
  int64_t line = 0;
  absl::StatusOr<bool> more;
  while ((more = ReadItem(in, &text, &line)).value_or(false)) {
    if (absl::Status status = Take(std::move(text), line); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = Settle(); !status.ok()) return status;
  return more.status();
}

absl::StatusOr<bool> Publishing::ReadItem(LineInput& in, std::string* text,
                                          int64_t* line) {
  text->clear();
  bool any = false;
  std::string next;
  while (true) {
    if (!in.Ready()) {
      if (absl::Status status = Settle(); !status.ok()) return status;
      Flush();
    }
    const absl::StatusOr<bool> more = in.Next(&next);
    if (!more.ok()) return more.status();
    if (!*more) return any;
    ++lines_read_;
    bytes_read_ = in.bytes();
    if (!next.empty() && next.back() == '\r') next.pop_back();
    if (lines_read_ == 1 && absl::StartsWith(next, "\xEF\xBB\xBF")) {
      next.erase(0, 3);  // a byte order mark, as Windows editors write it
    }
    const bool blank = absl::StripAsciiWhitespace(next).empty();
    if (options_.format == ItemFormat::kJsonLines) {
      if (blank) continue;
      *line = lines_read_;
      *text = std::move(next);
      return true;
    }
    if (absl::StripAsciiWhitespace(next) == kTextProtoSeparator) {
      if (any) return true;
      text->clear();
      continue;
    }
    if (text->empty()) *line = lines_read_;
    absl::StrAppend(text, next, "\n");
    any = any || !blank;
  }
}

std::string Publishing::Read(absl::string_view text, int64_t line,
                             common::v1::Statement* statement) const {
  std::string why;
  if (options_.format == ItemFormat::kJsonLines) {
    for (const JsonFault& fault : ReadJson(text, statement)) {
      absl::StrAppend(&why, why.empty() ? "" : "; ", fault.field,
                      fault.field.empty() ? "" : ": ", fault.problem);
    }
  } else {
    Faults faults(line);
    google::protobuf::TextFormat::Parser parser;
    parser.RecordErrorsTo(&faults);
    if (!parser.ParseFromString(std::string(text), statement)) {
      why = faults.Text();
      if (why.empty()) why = "cannot be read as text format";
    }
  }
  if (why.empty() &&
      statement->ByteSizeLong() + kItemOverheadBytes > kMaxBatchBytes) {
    why = "is larger than a call may be (4 MB)";
  }
  return why;
}

absl::Status Publishing::Take(std::string text, int64_t line) {
  Item item;
  item.refused_why = Read(text, line, &item.statement);
  item.text = std::move(text);
  item.bytes = item.refused_why.empty()
                   ? item.statement.ByteSizeLong() + kItemOverheadBytes
                   : item.text.size();
  while (!items_.empty() && (items_.size() >= kMaxBatchRequests ||
                             items_bytes_ + item.bytes > kMaxBatchBytes)) {
    if (!again_.empty()) {
      if (absl::Status status = Settle(); !status.ok()) return status;
      continue;
    }
    const absl::StatusOr<bool> taken = Receive(options_.answer_within);
    if (!taken.ok()) return taken.status();
  }
  items_bytes_ += item.bytes;
  const bool send = item.refused_why.empty();
  items_.emplace(line, std::move(item));
  if (send) {
    Send(line);
  } else {
    Report();
  }
  // What has come meanwhile.
  absl::StatusOr<bool> taken;
  while ((taken = Receive(absl::ZeroDuration())).value_or(false)) {
  }
  if (!taken.ok()) return taken.status();
  return again_.empty() ? absl::OkStatus() : Settle();
}

void Publishing::Send(int64_t line) {
  if (stream_ == nullptr) {
    stream_ = open_();
    next_number_ = 0;
  }
  waiting_[next_number_++] = line;
  stream_->Send(items_.at(line).statement);
}

absl::StatusOr<bool> Publishing::Receive(absl::Duration wait) {
  if (stream_ == nullptr) return false;
  common::v1::StreamOutcome outcome;
  absl::Status status;
  switch (stream_->Next(wait, &outcome)) {
    case StatementStream::Received::kMessage:
      status = Answered(std::move(outcome));
      break;
    case StatementStream::Received::kNothing:
      if (wait == absl::ZeroDuration()) return false;
      status = Broken(absl::DeadlineExceededError("no answer came in time"));
      break;
    case StatementStream::Received::kEnd: {
      const absl::Status end = stream_->status();
      // In good order, or not, is one to whoever has no outcome.
      status =
          Broken(end.ok() ? absl::UnavailableError("the stream ended") : end);
      break;
    }
  }
  if (!status.ok()) return status;
  return true;
}

absl::Status Publishing::Answered(common::v1::StreamOutcome numbered) {
  const auto it = waiting_.find(numbered.index());
  if (!numbered.has_index() || it == waiting_.end()) {
    return absl::InternalError("an outcome of nothing that was sent");
  }
  const int64_t line = it->second;
  waiting_.erase(it);
  common::v1::Outcome& outcome = *numbered.mutable_outcome();
  if (outcome.has_error()) {
    const absl::Status error = service::FromRpcStatus(outcome.error());
    if (MayBeRepeated(error)) {
      again_.insert(line);
      trouble_ = error;
      asked_delay_ = std::max(asked_delay_, service::RetryAfter(error));
      return absl::OkStatus();
    }
  }
  items_.at(line).outcome = std::move(outcome);
  Report();
  return absl::OkStatus();
}

absl::Status Publishing::Broken(const absl::Status& status) {
  stream_.reset();
  for (const auto& [number, line] : waiting_) again_.insert(line);
  waiting_.clear();
  if (!MayBeRepeated(status)) return status;
  if (again_.empty()) return absl::OkStatus();  // it ended while idle
  trouble_ = status;
  asked_delay_ = std::max(asked_delay_, service::RetryAfter(status));
  return absl::OkStatus();
}

absl::Status Publishing::Settle() {
  const absl::Time give_up = clock_.now() + options_.retry_for;
  absl::Duration delay = kFirstRetryDelay;
  while (true) {
    while (!waiting_.empty()) {
      const absl::StatusOr<bool> taken = Receive(options_.answer_within);
      if (!taken.ok()) return taken.status();
    }
    if (again_.empty()) return absl::OkStatus();
    const absl::Duration wait =
        std::exchange(asked_delay_, std::nullopt).value_or(delay);
    if (clock_.now() + wait > give_up) return trouble_;
    clock_.wait(wait);
    delay = std::min(delay * 2, kMaxRetryDelay);
    for (const int64_t line : std::exchange(again_, {})) Send(line);
  }
}

void Publishing::Report() {
  while (!items_.empty() && items_.begin()->second.has_end()) {
    const auto first = items_.begin();
    Tell(first->first, first->second);
    items_bytes_ -= first->second.bytes;
    items_.erase(first);
  }
  if (sinks_.progress) sinks_.progress(counts_, bytes_read_);
}

void Publishing::ReportLast(const absl::Status& error) {
  int64_t in_doubt = 0;
  int64_t first = 0;
  int64_t last = 0;
  for (const auto& [line, item] : items_) {
    if (item.has_end()) {
      Tell(line, item);
      continue;
    }
    if (in_doubt++ == 0) first = line;
    last = line;
  }
  items_.clear();
  if (in_doubt == 0 || NothingWasTaken(error)) return;
  counts_.in_doubt += in_doubt;
  *sinks_.errors << "line " << first << " to " << last << ": " << in_doubt
                 << " in doubt, and what follows was not sent; publish the "
                    "same file again, it is safe\n";
}

void Publishing::Tell(int64_t line, const Item& item) {
  if (!item.refused_why.empty())
    return Refuse(line, item.text, item.refused_why);
  ++counts_.sent;
  if (item.outcome->has_receipt())
    return Received(line, item.outcome->receipt());
  const absl::Status error = service::FromRpcStatus(item.outcome->error());
  Refuse(line, item.text,
         error.ok() ? "was answered with no outcome" : StatusText(error));
}

void Publishing::Flush() {
  // Whoever follows the files of a stream sees what this run knows.
  for (std::ostream* sink : {sinks_.refused, sinks_.receipts}) {
    if (sink != nullptr) sink->flush();
  }
}

void Publishing::Refuse(int64_t line, absl::string_view text,
                        absl::string_view why) {
  ++counts_.refused;
  *sinks_.errors << "line " << line << ": "
                 << absl::StrReplaceAll(why, {{"\n  ", "\n    "}}) << "\n";
  if (sinks_.refused == nullptr) return;
  if (options_.format == ItemFormat::kTextProto) {
    *sinks_.refused << text << kTextProtoSeparator << "\n";
  } else {
    *sinks_.refused << text << "\n";
  }
}

void Publishing::Received(int64_t line, const common::v1::Receipt& receipt) {
  if (receipt.durability() == common::v1::DURABILITY_LOGGED) {
    ++counts_.logged;
  } else {
    ++counts_.accepted;
  }
  if (receipt.events_size() > 0 &&
      !seen_.insert(absl::HashOf(receipt.events(0).event_id())).second) {
    ++counts_.repeated;
  }
  if (sinks_.receipts == nullptr) return;
  std::string id;
  // As a JSON string: a receipt's field is written the same way.
  common::v1::Receipt named;
  named.set_request_id(receipt.request_id());
  AppendJson(named, &id);  // {"requestId":"..."}
  std::string json = absl::StrCat("{\"line\":", line);
  if (!receipt.request_id().empty()) {
    absl::StrAppend(&json, ",", id.substr(1, id.size() - 2));
  }
  json.append(",\"receipt\":");
  AppendJson(receipt, &json);
  json.push_back('}');
  *sinks_.receipts << json << "\n";
}

}  // namespace vigil::cli
