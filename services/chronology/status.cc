#include "services/chronology/status.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "libs/event/open.h"
#include "services/chronology/facts.h"
#include "services/chronology/projection.h"

namespace vigil::chronology {
namespace {

// Some milliseconds of reading.
constexpr uint64_t kRowsBetweenLooks = 4096;

// Whether a person has decided about what stands under the reference.
bool IsSettled(Facts& facts, absl::string_view subject, uint64_t* entries) {
  if (!facts.LinksOf(subject).empty()) return true;
  const std::vector<Entry> all = facts.EntriesOf(subject);
  *entries = all.size();
  return !all.empty() &&
         std::all_of(all.begin(), all.end(), [&](const Entry& entry) {
           const std::vector<Entry> said =
               facts.AnnotationsAbout(entry.fact.envelope.id);
           return std::any_of(said.begin(), said.end(), [](const Entry& one) {
             const event::v1::Manner manner =
                 SayingOf(one.fact.envelope.type, *one.fact.clear);
             return manner == event::v1::MANNER_REASSIGNS ||
                    manner == event::v1::MANNER_WITHDRAWS;
           });
         });
}

}  // namespace

absl::StatusOr<std::vector<std::string>> UnregisteredKeyIds(
    const projection::Snapshot& snapshot) {
  std::set<std::string, std::less<>> announced;
  absl::Status read = snapshot.Scan(
      kNamingKeys, "", [&](absl::string_view key, absl::string_view) {
        announced.emplace(key.substr(0, key.find('\0')));
        return true;
      });
  if (!read.ok()) return read;
  std::vector<std::string> unregistered;
  std::optional<std::string> from = "";
  while (from) {  // steps from one key id to the next
    std::optional<std::string> next;
    read = snapshot.Scan(
        kReferences, "",
        [&](absl::string_view key, absl::string_view) {
          const absl::string_view id = key.substr(0, key.find('\0'));
          if (!announced.contains(id)) unregistered.emplace_back(id);
          next = absl::StrCat(id, "\x01");
          return false;
        },
        *from);
    if (!read.ok()) return read;
    from = std::move(next);
  }
  return unregistered;
}

absl::StatusOr<Unregistered> UnregisteredReferences(
    std::shared_ptr<const projection::Snapshot> snapshot) {
  const auto key_ids = UnregisteredKeyIds(*snapshot);
  if (!key_ids.ok()) return key_ids.status();
  Facts facts(snapshot, {});
  Unregistered unregistered;
  size_t looked_at = 0;
  for (const std::string& key_id : *key_ids) {
    const absl::Status read = snapshot->Scan(
        kReferences, TextPrefix(key_id),
        [&](absl::string_view, absl::string_view subject) {
          uint64_t entries = 0;
          if (IsSettled(facts, subject, &entries)) {
            return ++looked_at < kMaxReferencesLookedAt;
          }
          ++unregistered.count;
          if (unregistered.first.size() < kMaxReferencesTold) {
            v1::UnregisteredReference& told = unregistered.first.emplace_back();
            told.set_subject(std::string(subject));
            told.set_key_id(key_id);
            told.set_entries(entries);
          }
          return ++looked_at < kMaxReferencesLookedAt;
        });
    if (!read.ok()) return read;
  }
  if (!facts.status().ok()) return facts.status();
  return unregistered;
}

absl::StatusOr<std::string> NamingKeyAlarm(
    const projection::Snapshot& snapshot) {
  std::map<std::string, std::set<std::string>> announced;  // by writer
  std::set<std::pair<std::string, std::string>> replacements;
  const absl::Status read = snapshot.Scan(
      kNamingKeys, "", [&](absl::string_view key, absl::string_view value) {
        const std::optional<Row> row = ReadRow(kNamingKeys, key, value);
        if (!row) return true;
        const auto envelope = event::Scan(row->payload);
        if (!envelope.ok()) return true;
        const auto kind = envelope->OpenKind();
        if (!kind.ok()) return true;
        const std::string writer(WriterOf(row->position.partition.topic));
        if (kind->has_naming_key_registered()) {
          announced[writer].insert(kind->naming_key_registered().key_id());
        } else {
          const auto& replaced = kind->naming_key_replaced();
          announced[writer].insert(replaced.new_key_id());
          replacements.emplace(writer, replaced.new_key_id());
        }
        return true;
      });
  if (!read.ok()) return read;
  std::vector<std::string> alarms;
  for (const auto& [writer, key_ids] : announced) {
    std::vector<std::string> first;  // that took no other's place
    for (const std::string& key_id : key_ids) {
      if (!replacements.contains({writer, key_id})) first.push_back(key_id);
    }
    if (first.size() > 1) {
      alarms.push_back(absl::StrCat(
          writer, " announced several naming keys, and not that one replaces ",
          "another: ", absl::StrJoin(first, ", ")));
    }
  }
  return absl::StrJoin(alarms, "; ");
}

absl::StatusOr<uint64_t> CountConflicts(const projection::Snapshot& snapshot,
                                        absl::FunctionRef<bool()> go_on) {
  uint64_t conflicts = 0;
  uint64_t rows = 0;
  bool stopped = false;
  std::string group;
  std::string digest;
  bool counted = false;
  const absl::Status read = snapshot.Scan(
      kRequests, "", [&](absl::string_view key, absl::string_view value) {
        stopped = ++rows % kRowsBetweenLooks == 0 && !go_on();
        if (stopped) return false;
        const std::optional<Row> row = ReadRow(kRequests, key, value);
        if (!row) return true;
        absl::string_view payload = row->payload;
        const absl::string_view said = TakePart(payload).value_or("");
        if (key.substr(0, kGroupBytes) != group) {
          group = std::string(key.substr(0, kGroupBytes));
          digest = std::string(said);
          counted = false;
        } else if (said != digest && !counted) {
          ++conflicts;
          counted = true;
        }
        return true;
      });
  if (stopped) return absl::CancelledError("counting was given up");
  if (!read.ok()) return read;
  return conflicts;
}

}  // namespace vigil::chronology
