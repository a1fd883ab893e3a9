#include "tools/vigil/partnership.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "libs/base/atomic_file.h"
#include "libs/event/digest.h"
#include "libs/event/kind.h"

namespace vigil::cli {
namespace {

namespace ev = event::v1;

// What the hub's record of it is called there.
constexpr char kRecordSystem[] = "vigil settings";

// protobuf counts lines from 0.
class Faults : public google::protobuf::io::ErrorCollector {
 public:
  explicit Faults(const std::string& path) : path_(path) {}

  void AddError(int line, int, const std::string& message) override {
    faults_.push_back(absl::StrCat(path_, ":", line + 1, ": ", message));
  }

  void Missing(absl::string_view field) {
    faults_.push_back(absl::StrCat(path_, ": ", field, ": is required"));
  }

  absl::Status Status() const {
    if (faults_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(faults_, "\n"));
  }

 private:
  const std::string& path_;
  std::vector<std::string> faults_;
};

template <typename Act>
void Add(const config::v1::Partnership& partnership, absl::string_view field,
         int index, int size, const Act& act,
         Act* (common::v1::Statement::*mutable_act)(),
         std::vector<Settled>* all) {
  Settled settled;
  settled.field = absl::StrCat(field, "[", index, "]");
  settled.words =
      absl::StrCat(event::LabelOf(Act::descriptor()->full_name()), ": ", size);
  common::v1::Statement& statement = settled.statement;
  *(statement.*mutable_act)() = act;
  *statement.add_about()->mutable_organisation() = partnership.hub();
  *statement.mutable_account()->mutable_occurred() = partnership.settled();
  statement.mutable_account()->set_headline(settled.words);
  ev::Submission& submission = *statement.mutable_submission();
  *submission.mutable_organisation() = partnership.hub();
  *submission.mutable_author() = partnership.author();
  submission.mutable_record_ref()->set_system(kRecordSystem);
  // Of all the rest: what is the same in all of it is the same fact.
  const Sha256Digest digest = event::RequestDigest(statement);
  const std::string id = absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
  submission.set_request_id(id);
  submission.mutable_record_ref()->set_id(id);
  all->push_back(std::move(settled));
}

}  // namespace

absl::StatusOr<config::v1::Partnership> ReadPartnership(
    const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  Faults faults(path);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&faults);
  config::v1::Partnership partnership;
  if (parser.ParseFromString(*text, &partnership)) {
    if (!partnership.has_hub()) faults.Missing("hub");
    if (!partnership.has_author()) faults.Missing("author");
    if (!partnership.has_settled()) faults.Missing("settled");
  }
  if (absl::Status status = faults.Status(); !status.ok()) return status;
  return partnership;
}

std::vector<Settled> StatementsOf(const config::v1::Partnership& partnership) {
  using common::v1::Statement;
  std::vector<Settled> all;
  for (int i = 0; i < partnership.terms_mapped_size(); ++i) {
    const ev::TermsMapped& act = partnership.terms_mapped(i);
    Add(partnership, "terms_mapped", i, act.mappings_size(), act,
        &Statement::mutable_terms_mapped, &all);
  }
  for (int i = 0; i < partnership.calendar_stated_size(); ++i) {
    const ev::CalendarStated& act = partnership.calendar_stated(i);
    Add(partnership, "calendar_stated", i, act.days_size(), act,
        &Statement::mutable_calendar_stated, &all);
  }
  for (int i = 0; i < partnership.settings_stated_size(); ++i) {
    const ev::SettingsStated& act = partnership.settings_stated(i);
    Add(partnership, "settings_stated", i, act.settings_size(), act,
        &Statement::mutable_settings_stated, &all);
  }
  return all;
}

}  // namespace vigil::cli
