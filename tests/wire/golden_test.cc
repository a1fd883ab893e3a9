// Every event that was ever released still opens, still says what it said, and
// is still written as the same bytes; what was refused is refused still.
//
// golden/<example>.json is what that example becomes, told through a real
// pipeline with a fixed naming key, system and time: the digests of its parts,
// its receipt, and its records in the log, each with its bytes in base64 and
// all that these say. golden/own holds what Vigil says itself (views, notices,
// naming keys), golden/filled events with words in the fields that no example
// has: together they fill every field that an event can have.
//
// A new example, kind or field: run this test with VIGIL_ADD_GOLDEN=1, which
// writes the files that are missing, and commit them. A file is never changed
// once its bytes may lie in a log; whoever changes an example after that gives
// it another name.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "libs/base/hash.h"
#include "libs/event/check.h"
#include "libs/event/digest.h"
#include "libs/event/kind.h"
#include "libs/event/open.h"
#include "libs/event/reference.h"
#include "libs/event/seal.h"
#include "libs/eventlog/outbox.h"
#include "libs/eventlog/rocksdb_event_log.h"
#include "libs/eventlog/store_and_forward.h"
#include "libs/service/pipeline.h"
#include "libs/service/status.h"
#include "nlohmann/json.hpp"
#include "services/writers.h"
#include "tests/sample.h"
#include "tests/temporary_folder.h"

namespace vigil {
namespace {

using event::Draft;
using event::DraftSection;
using event::Envelope;
using event::Sealed;
using event::SectionView;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Fields = std::set<const FieldDescriptor*>;
using Json = nlohmann::ordered_json;
namespace common = ::vigil::common::v1;
namespace fs = std::filesystem;
namespace v1 = ::vigil::event::v1;

const fs::path kExamples = fs::path(VIGIL_WIRE) / "examples";
const fs::path kGolden = fs::path(VIGIL_WIRE) / "golden";

// As in tests/wire/with_node.cc, whose answers are compared with the receipts.
constexpr char kSystem[] = "wire";
const char kKeyId[] = "00c0ffee";
const std::string kSecret(32, 'k');
const absl::Time kReceived = absl::FromUnixMillis(1'789'473'600'123);
constexpr char kTraceparent[] =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

bool Adding() { return std::getenv("VIGIL_ADD_GOLDEN") != nullptr; }

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> JsonFilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Json JsonOf(const Message& message) {
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  return Json::parse(json);
}

// --- What an event says ---

std::unique_ptr<Message> MessageOf(v1::Part part) {
  switch (part) {
    case v1::PART_CLEAR:
      return std::make_unique<v1::ClearPart>();
    case v1::PART_HEADER:
      return std::make_unique<v1::Header>();
    case v1::PART_KIND:
      return std::make_unique<v1::Kind>();
    case v1::PART_PERSON:
      return std::make_unique<v1::PersonPart>();
    case v1::PART_INFORMANT:
      return std::make_unique<v1::InformantPart>();
    case v1::PART_PLACE:
      return std::make_unique<v1::Place>();
    case v1::PART_QUESTION:
      return std::make_unique<v1::Question>();
    default:
      return nullptr;
  }
}

void ExpectNothingUnknown(const Message& message) {
  const auto& reflection = *message.GetReflection();
  EXPECT_EQ(reflection.GetUnknownFields(message).field_count(), 0)
      << message.DebugString();
  std::vector<const FieldDescriptor*> set;
  reflection.ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      ExpectNothingUnknown(reflection.GetMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      ExpectNothingUnknown(reflection.GetRepeatedMessage(message, field, i));
    }
  }
}

// Reads a section whole: with no field left that this version does not know.
std::unique_ptr<Message> Read(const SectionView& section) {
  std::unique_ptr<Message> message = MessageOf(section.part);
  EXPECT_TRUE(message->ParseFromArray(section.bytes.data(),
                                      static_cast<int>(section.bytes.size())));
  ExpectNothingUnknown(*message);
  return message;
}

Envelope Opened(const std::string& value) {
  const absl::StatusOr<Envelope> envelope = event::Scan(value);
  EXPECT_TRUE(envelope.ok()) << envelope.status();
  return *envelope;
}

Json SaysOf(const std::string& value) {
  const Envelope envelope = Opened(value);
  const auto text = [](absl::string_view view) { return std::string(view); };
  Json says = {
      {"type", text(envelope.type)},
      {"id", text(envelope.id)},
      {"source", text(envelope.source)},
      {"subject", text(envelope.subject)},
      {"partitionkey", text(envelope.partition_key)},
      {"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", envelope.received,
                                absl::UTCTimeZone())},
      {"requestkey", text(envelope.request_key)},
      {"requestdigest", text(envelope.request_digest)},
      {"requestindex", envelope.request_index},
      {"requestcount", envelope.request_count},
      {"sections", Json::array()}};
  for (const SectionView& section : envelope.sections) {
    says["sections"].push_back({{"part", v1::Part_Name(section.part)},
                                {"whose", text(section.whose)},
                                {"audience", text(section.audience)},
                                {"says", JsonOf(*Read(section))}});
  }
  return says;
}

// The fields that are set in a message, at any depth.
void FieldsIn(const Message& message, Fields* fields) {
  std::vector<const FieldDescriptor*> set;
  const auto& reflection = *message.GetReflection();
  reflection.ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    fields->insert(field);
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      FieldsIn(reflection.GetMessage(message, field), fields);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      FieldsIn(reflection.GetRepeatedMessage(message, field, i), fields);
    }
  }
}

Fields FieldsOf(const std::string& value) {
  Fields fields;
  for (const SectionView& section : Opened(value).sections) {
    FieldsIn(*Read(section), &fields);
  }
  return fields;
}

// The fields that an event can have.
void FieldsUnder(const Descriptor* type, std::set<const Descriptor*>* seen,
                 Fields* fields) {
  if (!seen->insert(type).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    fields->insert(type->field(i));
    if (type->field(i)->message_type() != nullptr) {
      FieldsUnder(type->field(i)->message_type(), seen, fields);
    }
  }
}

Fields AllFields() {
  Fields fields;
  std::set<const Descriptor*> seen;
  for (int part = v1::Part_MIN; part <= v1::Part_MAX; ++part) {
    const auto message = MessageOf(static_cast<v1::Part>(part));
    if (message != nullptr) {
      FieldsUnder(message->GetDescriptor(), &seen, &fields);
    }
  }
  return fields;
}

// --- Files ---

struct Record {
  std::string key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string value;
};

Json JsonOfRecord(const Record& record) {
  Json headers = Json::object();
  for (const auto& [name, value] : record.headers) headers[name] = value;
  return {{"key", record.key},
          {"headers", headers},
          {"says", SaysOf(record.value)},
          {"value", absl::Base64Escape(record.value)}};
}

std::string ValueOf(const nlohmann::json& record) {
  std::string value;
  EXPECT_TRUE(absl::Base64Unescape(record["value"].get<std::string>(), &value));
  return value;
}

void ForEachStored(const fs::path& folder,
                   const std::function<void(const nlohmann::json&)>& look) {
  for (const fs::path& path : JsonFilesIn(folder)) {
    const auto file = nlohmann::json::parse(ReadFile(path));
    for (const nlohmann::json& record : file["records"]) {
      SCOPED_TRACE(absl::StrCat(path.string(), ": ",
                                record["says"]["type"].get<std::string>()));
      look(record);
    }
  }
}

void Add(const std::string& name, const Json& golden) {
  const fs::path path = kGolden / (name + ".json");
  fs::create_directories(path.parent_path());
  std::ofstream(path) << golden.dump(1, ' ') << "\n";
}

// Says what differs, and no more.
void ExpectEqual(const nlohmann::json& stored, const nlohmann::json& today) {
  EXPECT_TRUE(stored == today) << nlohmann::json::diff(stored, today).dump(1);
}

// Compares what is told today with the file of that name, or writes it.
void ExpectAsStored(const std::string& name, const Json& today) {
  SCOPED_TRACE(name);
  const fs::path path = kGolden / (name + ".json");
  if (Adding() && !fs::exists(path)) Add(name, today);
  ASSERT_TRUE(fs::exists(path)) << "no such file: VIGIL_ADD_GOLDEN=1 writes it";
  ExpectEqual(nlohmann::json::parse(ReadFile(path)),
              nlohmann::json::parse(today.dump()));
}

// --- What examples become ---

struct Example {
  std::string name;  // "police/concern_raised"
  std::string writer;
  common::Statement statement;
};

// The writer of each awkward case stands in the table of the examples' README.
std::map<std::string, std::string> WritersOfCases() {
  std::map<std::string, std::string> writers;
  const std::string readme = ReadFile(kExamples / "README.md");
  // "| [name](cases/name.json) | writer | ..."
  constexpr absl::string_view kBegin = "](cases/";
  constexpr absl::string_view kEnd = ".json) | ";
  for (const absl::string_view line : absl::StrSplit(readme, '\n')) {
    const size_t begin = line.find(kBegin);
    const size_t end = line.find(kEnd);
    if (begin == absl::string_view::npos || end == absl::string_view::npos) {
      continue;
    }
    const absl::string_view rest = line.substr(end + kEnd.size());
    writers[std::string(
        line.substr(begin + kBegin.size(), end - begin - kBegin.size()))] =
        std::string(rest.substr(0, rest.find(' ')));
  }
  return writers;
}

void Read(const Json& json, common::Statement* statement) {
  const auto status =
      google::protobuf::util::JsonStringToMessage(json.dump(), statement);
  EXPECT_TRUE(status.ok()) << json.dump(1) << ": " << status.ToString();
}

std::vector<Example> Examples() {
  const auto cases = WritersOfCases();
  std::vector<Example> examples;
  for (const fs::path& path : JsonFilesIn(kExamples)) {
    const std::string folder = path.parent_path().filename();
    if (folder == "refused") continue;
    Example& example = examples.emplace_back();
    example.name = folder + "/" + path.stem().string();
    example.writer = folder == "cases" ? cases.at(path.stem()) : folder;
    Read(Json::parse(ReadFile(path)), &example.statement);
  }
  return examples;
}

// "concern_raised.addressee REQUIRED"
using Violations = std::multiset<std::string>;

struct Refused {
  Example example;
  Violations violations;
};

std::vector<Refused> RefusedExamples() {
  std::vector<Refused> all;
  for (const fs::path& path : JsonFilesIn(kExamples / "refused")) {
    const Json file = Json::parse(ReadFile(path));
    Refused& refused = all.emplace_back();
    refused.example.name = path.stem();
    refused.example.writer = file["writer"];
    Read(file["statement"], &refused.example.statement);
    for (const Json& violation : file["violations"]) {
      refused.violations.insert(
          absl::StrCat(violation["field"].get<std::string>(), " ",
                       violation["code"].get<std::string>()));
    }
  }
  return all;
}

Violations ViolationsOf(const absl::Status& status) {
  Violations violations;
  const google::rpc::Status rpc = service::ToRpcStatus(status);
  for (const google::protobuf::Any& detail : rpc.details()) {
    google::rpc::BadRequest bad;
    if (!detail.UnpackTo(&bad)) continue;
    for (const auto& violation : bad.field_violations()) {
      violations.insert(
          absl::StrCat(violation.field(), " ", violation.reason()));
    }
  }
  return violations;
}

// A writer, whole but for its network.
class Telling {
 public:
  explicit Telling(const service::Writer& writer) {
    const std::string topic = service::EventsTopic(writer.name);
    log_ = *eventlog::RocksdbEventLog::Open(folder_.path() + "/log",
                                            {{topic, {1, 1, 1}}});
    outbox_ = *eventlog::Outbox::Open(folder_.path() + "/outbox");
    eventlog::StoreAndForwardOptions options;
    options.forward = false;
    store_ = std::make_unique<eventlog::StoreAndForward>(
        log_.get(), outbox_.get(), options);
    pipeline_ = std::make_unique<service::Pipeline>(
        writer, store_.get(),
        event::NamingKeys{event::NamingKey(kKeyId, kSecret)},
        [] { return kReceived; });
    cursor_ = *log_->Open({{{topic, 0}, 0}});
  }

  absl::StatusOr<common::Receipt> Submit(const Example& example) {
    config::v1::System system;
    system.set_id(kSystem);
    system.add_roles(config::v1::ROLE_PUBLISHER);
    system.add_roles(config::v1::ROLE_COORDINATOR);
    system.add_services(example.writer);
    *system.add_organisations() = example.statement.submission().organisation();
    absl::StatusOr<common::Receipt> receipt;
    absl::Notification done;
    pipeline_->Submit({.caller = service::Caller(system),
                       .deadline = absl::Now() + absl::Seconds(30),
                       .traceparent = kTraceparent},
                      example.statement, [&](auto outcome) {
                        receipt = std::move(outcome);
                        done.Notify();
                      });
    done.WaitForNotification();
    return receipt;
  }

  Json Tell(const Example& example) {
    absl::StatusOr<common::Receipt> receipt = Submit(example);
    EXPECT_TRUE(receipt.ok()) << example.name << ": " << receipt.status();
    if (!receipt.ok()) return {};

    Json told = {{"writer", example.writer},
                 {"digest", Hex(event::RequestDigest(example.statement))},
                 {"parts", Json::array()}};
    for (const auto& part : event::PartsOf(example.statement)) {
      told["parts"].push_back({{"field", part.field},
                               {"index", part.index},
                               {"digest", Hex(part.digest)}});
    }
    const bool stored = !example.statement.validate_only();
    for (common::StoredEvent& event : *receipt->mutable_events()) {
      EXPECT_EQ(event.has_position(), stored);
      event.clear_position();
    }
    told["receipt"] = JsonOf(*receipt);
    told["records"] = Json::array();
    const auto count = static_cast<size_t>(stored ? receipt->events_size() : 0);
    while (told["records"].size() < count) {
      const auto logged = *cursor_->Next(count - told["records"].size(),
                                         absl::Now() + absl::Seconds(30));
      for (const eventlog::LoggedRecord& each : logged) {
        Record record = {each.record.key, {}, each.record.value};
        for (const auto& header : each.record.headers) {
          record.headers.emplace_back(header.name, header.value);
        }
        told["records"].push_back(JsonOfRecord(record));
      }
    }
    return told;
  }

 private:
  static std::string Hex(const Sha256Digest& digest) {
    return absl::BytesToHexString(AsBytes(digest));
  }

  TemporaryFolder folder_;
  std::unique_ptr<eventlog::RocksdbEventLog> log_;
  std::unique_ptr<eventlog::Outbox> outbox_;
  std::unique_ptr<eventlog::StoreAndForward> store_;
  std::unique_ptr<service::Pipeline> pipeline_;
  std::unique_ptr<eventlog::Cursor> cursor_;
};

std::map<std::string, std::unique_ptr<Telling>> AllWriters() {
  std::map<std::string, std::unique_ptr<Telling>> writers;
  for (const service::Writer& writer : Writers()) {
    writers[writer.name] = std::make_unique<Telling>(writer);
  }
  return writers;
}

TEST(Golden, EachActHasAGoodExampleAndARefusedOne) {
  std::set<int> good;
  for (const Example& example : Examples()) {
    good.insert(example.statement.act_case());
  }
  std::set<int> refused;
  for (const Refused& each : RefusedExamples()) {
    refused.insert(each.example.statement.act_case());
  }
  const auto& acts = *common::Statement::descriptor()->FindOneofByName("act");
  for (int i = 0; i < acts.field_count(); ++i) {
    const FieldDescriptor* act = acts.field(i);
    EXPECT_TRUE(good.contains(act->number())) << act->name();
    EXPECT_TRUE(refused.contains(act->number())) << act->name();
  }
}

TEST(Golden, WhatIsRefusedIsStillRefusedAsItWas) {
  const auto writers = AllWriters();
  for (const Refused& refused : RefusedExamples()) {
    SCOPED_TRACE(refused.example.name);
    const auto receipt =
        writers.at(refused.example.writer)->Submit(refused.example);
    EXPECT_EQ(receipt.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ViolationsOf(receipt.status()), refused.violations);
  }
}

TEST(Golden, EachExampleIsStillToldAsItWas) {
  const auto writers = AllWriters();
  size_t told = 0;
  for (const Example& example : Examples()) {
    ExpectAsStored(example.name, writers.at(example.writer)->Tell(example));
    ++told;
  }
  EXPECT_GT(told, 100u);
}

// --- What Vigil says itself, and what no example says ---

event::Request TheRequest() {
  const event::NamingKey key(kKeyId, kSecret);
  event::Request request;
  request.source = event::Source("police", "police:99");
  request.system = kSystem;
  request.request_id = "golden";
  request.request_key =
      key.RequestKey(request.source, request.system, request.request_id);
  request.request_digest = key.RequestDigest(std::string(32, 'd'));
  request.traceparent = kTraceparent;
  request.received = kReceived;
  return request;
}

// As the code does that writes such an event.
Sealed SealAsWritten(Draft draft) {
  event::Request request = TheRequest();
  const v1::Kind::KindCase kind = draft.kind;
  switch (event::TraitsOf(kind).role) {
    case event::KindRole::kView:  // services/chronology/chronology_service.cc
      request.source = event::Source("chronology", draft.key);
      request.request_id = request.request_key = request.request_digest = "";
      return SealWithId(std::move(draft), request,
                        "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b");
    case event::KindRole::kNamingKey:  // libs/service/pipeline.cc
      request.source = "//vigil/" + draft.key;
      request.system = "vigil";
      request.request_id = absl::StrCat("naming-key/", kKeyId);
      request.request_key = request.request_digest = request.traceparent = "";
      break;
    default:
      break;
  }
  std::vector<Draft> drafts;
  drafts.push_back(std::move(draft));
  return std::move(Seal(std::move(drafts), request)[0]);
}

// What was given to be sealed.
Draft DraftOf(const std::string& value) {
  const Envelope envelope = Opened(value);
  Draft draft;
  draft.subject = std::string(envelope.subject);
  if (draft.subject.empty()) draft.key = std::string(envelope.partition_key);
  draft.kind = envelope.OpenKind()->kind_case();
  for (const SectionView& section : envelope.sections) {
    const std::unique_ptr<Message> message = Read(section);
    if (section.part == v1::PART_CLEAR) {
      draft.clear.CopyFrom(*message);
      continue;
    }
    DraftSection& given =
        draft.sections.emplace_back(event::SectionOf(section.part, *message));
    given.whose = std::string(section.whose);
    given.restricted = section.audience == event::kRestricted;
  }
  return draft;
}

template <typename M>
M Parsed(const std::string& text) {
  M message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

std::map<std::string, Draft> OwnDrafts() {
  std::map<std::string, Draft> drafts;
  const event::NamingKey key(kKeyId, kSecret);
  const std::string child = key.Subject(event::SubjectKind::kPerson,
                                        "police:99", "records", "000123");

  v1::Kind kind = Parsed<v1::Kind>(R"pb(
    record_viewed {
      system: "hub-desk"
      organisation { scheme: "local" code: "NORTHSHIRE-HUB" }
      asker {
        person_id: "C-7"
        name: "C. Synthetic"
        function: "hub coordinator"
      }
      purpose: PURPOSE_REFERRAL_DECISION
      serves: "testerly-2026-03-27"
      rpc: "vigil.chronology.v1.ChronologyService/GetChronology"
      lag_records: 0
      quarantined: 0
      software_version: "1"
      roles: "coordinator"
    }
  )pb");
  v1::RecordViewed& viewed = *kind.mutable_record_viewed();
  auto& subject = *viewed.add_subjects();
  subject.set_subject(child);
  subject.set_kind(v1::LINK_KIND_ASKED);
  auto& entry = *viewed.add_entries();
  entry.set_event_id(
      std::string("\x1b\x4e\x28\xba\x2f\xa1\x4d\x3b"
                  "\xa3\xf5\xef\x19\xb5\xa7\x63\x3b",
                  16));
  entry.set_visibility(v1::VISIBILITY_FULL);
  auto& judgement = *viewed.add_judgements();
  judgement.set_rule("referral-decided-in-one-working-day");
  judgement.set_result("late");
  judgement.add_evidence(entry.event_id());
  auto& basis = *viewed.add_basis();
  basis.set_name("policy");
  basis.set_version("2026-04");
  basis.set_sha256(std::string(32, 'p'));
  viewed.set_digest(std::string(32, 'd'));
  Draft view = event::OwnDraft(kind);
  view.key = "local:NORTHSHIRE-HUB";
  *view.clear.mutable_organisation() = viewed.organisation();
  view.clear.mutable_occurred()->set_instant("2026-09-15T12:00:00.123Z");
  v1::Question question;
  question.set_query("the request as received");
  view.sections.push_back(event::SectionOf(v1::PART_QUESTION, question));
  drafts["record_viewed"] = std::move(view);

  kind = Parsed<v1::Kind>(R"pb(
    notice_issued {
      addressee { scheme: "la" code: "E99000001" }
      function { code: "lead_social_worker" }
      cause_event_id: "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"
      rule: "referral-made"
      urgency: URGENCY_URGENT
      occasion: "second"
    }
  )pb");
  kind.mutable_notice_issued()->set_cause_subject(child);
  Draft notice = event::OwnDraft(kind);
  notice.subject = child;
  notice.clear.mutable_organisation()->set_scheme("local");
  notice.clear.mutable_organisation()->set_code("NORTHSHIRE-HUB");
  *notice.clear.add_addressees() = kind.notice_issued().addressee();
  drafts["notice_issued"] = std::move(notice);

  kind.Clear();
  auto& registered = *kind.mutable_naming_key_registered();
  registered.set_key_id(key.id());
  registered.set_check(key.CheckValue());
  registered.set_writer("police");
  drafts["naming_key_registered"] = event::OwnDraft(kind);
  drafts["naming_key_registered"].key = "police";

  kind.Clear();
  auto& replaced = *kind.mutable_naming_key_replaced();
  replaced.set_old_key_id("0badc0de");
  replaced.set_new_key_id(key.id());
  replaced.set_check(key.CheckValue());
  replaced.set_writer("police");
  replaced.set_reason("replaced by an operator");
  drafts["naming_key_replaced"] = event::OwnDraft(kind);
  drafts["naming_key_replaced"].key = "police";
  return drafts;
}

Json GoldenOf(Draft draft) {
  Sealed sealed = SealAsWritten(std::move(draft));
  return {{"records",
           {JsonOfRecord({std::move(sealed.key), std::move(sealed.headers),
                          std::move(sealed.value)})}}};
}

// Of one kind, with words in every field and every section.
Draft Filled(const FieldDescriptor* kind_field) {
  const event::NamingKey key(kKeyId, kSecret);
  v1::Kind kind;
  FillWithWords(kind.GetReflection()->MutableMessage(&kind, kind_field));
  Draft draft = event::OwnDraft(kind);
  draft.subject = key.Subject(event::SubjectKind::kPerson, "police:99",
                              "records", "000123");
  const bool own =
      event::TraitsOf(draft.kind).about == event::KindAbout::kNamed;
  if (event::TraitsOf(draft.kind).role == event::KindRole::kView) {
    draft.subject.clear();
    draft.key = "police:99";
  } else if (event::TraitsOf(draft.kind).role == event::KindRole::kNamingKey) {
    draft.subject.clear();
    draft.key = "police";
  }
  if (own) return draft;
  FillWithWords(&draft.clear);
  const auto add = [&](v1::Part part, auto message) {
    FillWithWords(&message);
    draft.sections.push_back(event::SectionOf(part, message));
  };
  add(v1::PART_HEADER, v1::Header());
  add(v1::PART_PERSON, v1::PersonPart());
  add(v1::PART_INFORMANT, v1::InformantPart());
  add(v1::PART_PLACE, v1::Place());
  return draft;
}

// A statement's parts with each member of each oneof that stands in them.
void AddChoices(Message* message, int depth, const std::function<void()>& add) {
  if (depth == 0) return;
  const auto& reflection = *message->GetReflection();
  const Descriptor& type = *message->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->real_containing_oneof() != nullptr) {
      const std::unique_ptr<Message> before(message->New());
      before->CopyFrom(*message);
      if (field->message_type() != nullptr) {
        FillWithWords(reflection.MutableMessage(message, field), 2);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        reflection.SetString(message, field, "chosen");
      } else {
        reflection.SetUInt32(message, field, 7);
      }
      add();
      message->CopyFrom(*before);
    }
    if (field->message_type() == nullptr) continue;
    if (field->is_repeated()) {
      if (reflection.FieldSize(*message, field) == 0) continue;
      AddChoices(reflection.MutableRepeatedMessage(message, field, 0),
                 depth - 1, add);
    } else if (reflection.HasField(*message, field)) {
      AddChoices(reflection.MutableMessage(message, field), depth - 1, add);
    }
  }
}

TEST(Golden, EachStillSaysWhatItSaid) {
  for (auto& [name, draft] : OwnDrafts()) {
    ExpectAsStored("own/" + name, GoldenOf(std::move(draft)));
  }
  ForEachStored(kGolden, [](const nlohmann::json& record) {
    const std::string value = ValueOf(record);
    const auto today = nlohmann::json::parse(SaysOf(value).dump());
    ExpectEqual(record["says"], today);
    EXPECT_TRUE(Opened(value).OpenKind().ok());
    EXPECT_EQ(record["headers"]["vigil-id"], record["says"]["id"]);
    EXPECT_EQ(record["headers"]["vigil-type"], record["says"]["type"]);
    EXPECT_EQ(record["headers"]["vigil-time"], record["says"]["time"]);
    EXPECT_EQ(record["key"], record["says"]["partitionkey"]);
  });
}

TEST(Golden, EachIsStillWrittenAsTheSameBytes) {
  for (const char* folder : {"own", "filled"}) {
    ForEachStored(kGolden / folder, [](const nlohmann::json& record) {
      const std::string value = ValueOf(record);
      EXPECT_EQ(absl::Base64Escape(SealAsWritten(DraftOf(value)).value),
                absl::Base64Escape(value));
    });
  }
  // Of a statement: the sections, for their order and frame are in the bytes.
  ForEachStored(kGolden, [](const nlohmann::json& record) {
    const std::string value = ValueOf(record);
    for (const SectionView& section : Opened(value).sections) {
      EXPECT_EQ(Read(section)->SerializeAsString(), section.bytes);
    }
  });
}

TEST(Golden, TogetherTheyFillEveryField) {
  Fields filled;
  ForEachStored(kGolden, [&](const nlohmann::json& record) {
    filled.merge(FieldsOf(ValueOf(record)));
  });
  if (Adding()) {
    const auto add = [&](const std::string& name, Draft draft) {
      const Json golden = GoldenOf(std::move(draft));
      const size_t before = filled.size();
      filled.merge(FieldsOf(ValueOf(golden["records"][0])));
      if (filled.size() > before) Add("filled/" + name, golden);
    };
    const auto* kinds = v1::Kind::descriptor()->FindOneofByName("kind");
    for (int i = 0; i < kinds->field_count(); ++i) {
      add(kinds->field(i)->name(), Filled(kinds->field(i)));
    }
    for (int i = 0; i < kinds->field_count(); ++i) {
      v1::Kind kind;
      int n = 0;
      FillWithWords(
          kind.GetReflection()->MutableMessage(&kind, kinds->field(i)));
      AddChoices(kind.GetReflection()->MutableMessage(&kind, kinds->field(i)),
                 6, [&] {
                   Draft draft = Filled(kinds->field(i));
                   draft.sections[0] = event::SectionOf(v1::PART_KIND, kind);
                   add(absl::StrCat(kinds->field(i)->name(), "-", ++n),
                       std::move(draft));
                 });
    }
    const auto sections = [&](v1::Part part, auto message) {
      int n = 0;
      FillWithWords(&message);
      AddChoices(&message, 6, [&] {
        Draft draft = Filled(kinds->field(0));
        draft.sections.push_back(event::SectionOf(part, message));
        add(absl::StrCat(absl::AsciiStrToLower(v1::Part_Name(part)), "-", ++n),
            std::move(draft));
      });
    };
    sections(v1::PART_HEADER, v1::Header());
    sections(v1::PART_PERSON, v1::PersonPart());
    sections(v1::PART_INFORMANT, v1::InformantPart());
    sections(v1::PART_PLACE, v1::Place());
  }
  for (const FieldDescriptor* field : AllFields()) {
    EXPECT_TRUE(filled.count(field)) << field->full_name() << " is in none";
  }
}

}  // namespace
}  // namespace vigil
