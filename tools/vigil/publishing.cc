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
#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/service/status.h"
#include "tools/vigil/exit_code.h"
#include "tools/vigil/proto_json.h"
#include "tools/vigil/terminal.h"

namespace vigil::cli {
namespace {

using google::protobuf::Message;

// Of the batch itself around its items: a tag and a length for each.
constexpr size_t kItemOverheadBytes = 8;

bool MayBeRepeated(const absl::Status& status) {
  return ExitCodeOf(status) == kUnavailable;
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

Publishing::Publishing(const Agency& agency, Send send, Clock clock,
                       PublishSinks sinks, const PublishOptions& options)
    : agency_(agency),
      send_(std::move(send)),
      clock_(std::move(clock)),
      sinks_(std::move(sinks)),
      options_(options) {}

Publishing::~Publishing() = default;

absl::Status Publishing::Run(LineInput& in) {
  std::string text;
  int64_t line = 0;
  absl::StatusOr<bool> more;
  while ((more = ReadItem(in, &text, &line)).value_or(false)) {
    if (absl::Status status = Take(std::move(text), line); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = SendPending(); !status.ok()) return status;
  return more.status();
}

absl::StatusOr<bool> Publishing::ReadItem(LineInput& in, std::string* text,
                                          int64_t* line) {
  text->clear();
  bool any = false;
  std::string next;
  while (true) {
    if (!in.Ready()) {
      if (absl::Status status = SendPending(); !status.ok()) return status;
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

std::unique_ptr<Message> Publishing::Read(absl::string_view text, int64_t line,
                                          std::string* why) const {
  std::unique_ptr<Message> message(agency_.item->New());
  if (options_.format == ItemFormat::kJsonLines) {
    for (const JsonFault& fault : ReadJson(text, message.get())) {
      absl::StrAppend(why, why->empty() ? "" : "; ", fault.field,
                      fault.field.empty() ? "" : ": ", fault.problem);
    }
  } else {
    Faults faults(line);
    google::protobuf::TextFormat::Parser parser;
    parser.RecordErrorsTo(&faults);
    if (!parser.ParseFromString(std::string(text), message.get())) {
      *why = faults.Text();
      if (why->empty()) *why = "cannot be read as text format";
    }
  }
  if (!why->empty()) return nullptr;
  if (message->ByteSizeLong() + kItemOverheadBytes > kMaxBatchBytes) {
    *why = "is larger than a call may be (4 MB)";
    return nullptr;
  }
  return message;
}

absl::Status Publishing::Take(std::string text, int64_t line) {
  std::string why;
  std::unique_ptr<Message> message = Read(text, line, &why);
  if (message == nullptr) {
    Refuse(line, text, why);
    return absl::OkStatus();
  }
  const size_t bytes = message->ByteSizeLong() + kItemOverheadBytes;
  if (pending_bytes_ + bytes > kMaxBatchBytes) {
    if (absl::Status status = SendPending(); !status.ok()) return status;
  }
  pending_.push_back({line, std::move(text), std::move(message)});
  pending_bytes_ += bytes;
  return pending_.size() < kMaxBatchRequests ? absl::OkStatus() : SendPending();
}

absl::Status Publishing::SendPending() {
  absl::Status sent;
  if (!pending_.empty()) {
    pending_bytes_ = 0;
    sent = SendAll(std::exchange(pending_, {}));
  }
  // Whoever follows the files of a stream sees what this run knows.
  for (std::ostream* sink : {sinks_.refused, sinks_.receipts}) {
    if (sink != nullptr) sink->flush();
  }
  return sent;
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

void Publishing::Received(const Item& item,
                          const common::v1::Receipt& receipt) {
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
  std::string json = absl::StrCat("{\"line\":", item.line);
  if (!receipt.request_id().empty()) {
    absl::StrAppend(&json, ",", id.substr(1, id.size() - 2));
  }
  json.append(",\"receipt\":");
  AppendJson(receipt, &json);
  json.push_back('}');
  *sinks_.receipts << json << "\n";
}

absl::Status Publishing::SendAll(std::vector<Item> items) {
  const absl::Time give_up = clock_.now() + options_.retry_for;
  absl::Duration delay = kFirstRetryDelay;
  while (true) {
    std::unique_ptr<Message> batch(agency_.batch->New());
    const auto* field = batch->GetDescriptor()->FindFieldByName("items");
    Check(field != nullptr, "a batch has items");
    // Lent for the call: an item may be sent again.
    for (Item& item : items) {
      batch->GetReflection()->AddAllocatedMessage(batch.get(), field,
                                                  item.message.release());
    }
    common::v1::SubmitBatchResponse response;
    absl::Status status = send_(*batch, &response);
    for (size_t i = items.size(); i-- > 0;) {
      items[i].message.reset(
          batch->GetReflection()->ReleaseLast(batch.get(), field));
    }

    absl::Duration asked_delay = service::RetryAfter(status).value_or(delay);
    std::vector<Item> again;
    if (status.ok()) {
      if (static_cast<size_t>(response.outcomes_size()) != items.size()) {
        counts_.in_doubt += static_cast<int64_t>(items.size());
        return absl::InternalError("a batch was answered with other outcomes");
      }
      for (size_t i = 0; i < items.size(); ++i) {
        const auto& outcome = response.outcomes(static_cast<int>(i));
        if (outcome.has_receipt()) {
          ++counts_.sent;
          Received(items[i], outcome.receipt());
          continue;
        }
        const absl::Status error = service::FromRpcStatus(outcome.error());
        if (MayBeRepeated(error)) {
          asked_delay =
              std::max(asked_delay, service::RetryAfter(error).value_or(delay));
          status = error;
          again.push_back(std::move(items[i]));
          continue;
        }
        ++counts_.sent;
        Refuse(items[i].line, items[i].text,
               error.ok() ? "was answered with no outcome" : StatusText(error));
      }
    } else if (MayBeRepeated(status)) {
      again = std::move(items);
    } else if (absl::IsInvalidArgument(status)) {
      // Of the batch as a whole: none of it was stored.
      for (const Item& item : items) {
        ++counts_.sent;
        Refuse(item.line, item.text, StatusText(status));
      }
    } else {
      return status;
    }
    if (sinks_.progress) sinks_.progress(counts_, bytes_read_);
    if (again.empty()) return absl::OkStatus();
    if (clock_.now() + asked_delay > give_up) {
      counts_.in_doubt += static_cast<int64_t>(again.size());
      *sinks_.errors << "line " << again.front().line << " to "
                     << again.back().line << ": " << again.size()
                     << " in doubt, and what follows was not sent; publish the "
                        "same file again, it is safe\n";
      return status;
    }
    clock_.wait(asked_delay);
    delay = std::min(delay * 2, kMaxRetryDelay);
    items = std::move(again);
  }
}

}  // namespace vigil::cli
