#include "libs/projection/snapshot.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/big_endian.h"
#include "libs/base/check.h"
#include "libs/projection/database.h"

namespace vigil::projection {
namespace {

// The least key that is above all keys with the prefix; empty if there is none.
std::string Above(absl::string_view prefix) {
  std::string above(prefix);
  while (!above.empty() && above.back() == '\xff') above.pop_back();
  if (!above.empty()) ++above.back();
  return above;
}

void UpdateSized(Sha256Hasher& hasher, absl::string_view bytes) {
  std::string size;
  AppendBigEndian64(size, bytes.size());
  hasher.Update(size);
  hasher.Update(bytes);
}

}  // namespace

void Cover(Positions& positions, const eventlog::Position& position) {
  int64_t& next = positions[position.partition];
  next = std::max(next, position.offset + 1);
}

bool Covers(const Positions& positions, const Positions& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& each) {
    const auto found = positions.find(each.first);
    return each.second <= (found == positions.end() ? 0 : found->second);
  });
}

Snapshot::Snapshot(std::shared_ptr<const Database> database, int64_t generation,
                   std::map<eventlog::Partition, Applied> applied,
                   int64_t quarantined)
    : database_(std::move(database)),
      view_(database_->db()->GetSnapshot()),
      generation_(generation),
      applied_(std::move(applied)),
      quarantined_(quarantined) {}

Snapshot::~Snapshot() { database_->db()->ReleaseSnapshot(view_); }

absl::StatusOr<std::string> Snapshot::Get(size_t table,
                                          absl::string_view key) const {
  Check(table < database_->tables().size(), "there is such a table");
  // RocksDB's assertions end the process on a key that no row can have.
  if (key.empty() || key.size() < database_->tables()[table].prefix_bytes) {
    return absl::NotFoundError("no such row");
  }
  rocksdb::ReadOptions options;
  options.snapshot = view_;
  std::string value;
  const rocksdb::Status got = database_->db()->Get(
      options, database_->Family(kFirstTableFamily + table), ToSlice(key),
      &value);
  if (got.IsNotFound()) return absl::NotFoundError("no such row");
  if (!got.ok()) return FromRocksdb(got, "read an index");
  return value;
}

absl::Status Snapshot::Scan(size_t table, absl::string_view prefix, Visit visit,
                            absl::string_view from) const {
  Check(table < database_->tables().size(), "there is such a table");
  return ScanFamily(kFirstTableFamily + table,
                    database_->tables()[table].prefix_bytes, prefix, from,
                    /*bulk=*/false, visit);
}

absl::Status Snapshot::ScanFamily(size_t family, size_t prefix_bytes,
                                  absl::string_view prefix,
                                  absl::string_view from, bool bulk,
                                  Visit visit) const {
  const absl::string_view first = std::max(prefix, from);
  if (!absl::StartsWith(first, prefix)) return absl::OkStatus();
  const std::string above = Above(prefix);
  const rocksdb::Slice upper(above);
  rocksdb::ReadOptions options;
  options.snapshot = view_;
  if (!above.empty()) options.iterate_upper_bound = &upper;
  if (prefix_bytes > 0 && prefix.size() >= prefix_bytes) {
    options.prefix_same_as_start = true;
  } else {
    options.total_order_seek = true;
  }
  // What is read once must not push out what is asked for again and again.
  options.fill_cache = !bulk;
  const std::unique_ptr<rocksdb::Iterator> rows(
      database_->db()->NewIterator(options, database_->Family(family)));
  for (rows->Seek(ToSlice(first)); rows->Valid(); rows->Next()) {
    const absl::string_view key = ToView(rows->key());
    // Only a prefix of 0xff alone has no upper bound.
    if (above.empty() && !absl::StartsWith(key, prefix)) break;
    if (!visit(key, ToView(rows->value()))) return absl::OkStatus();
  }
  return FromRocksdb(rows->status(), "read an index");
}

Positions Snapshot::positions() const {
  Positions positions;
  for (const auto& [partition, last] : applied_) {
    positions.emplace_hint(positions.end(), partition, last.next);
  }
  return positions;
}

absl::StatusOr<int64_t> Snapshot::CountQuarantined(
    absl::string_view key) const {
  if (quarantined_ == 0) return 0;
  int64_t count = 0;
  const absl::Status read =
      ScanFamily(kQuarantineFamily, 0, QuarantinePrefix(key), {},
                 /*bulk=*/false, [&](absl::string_view, absl::string_view) {
                   ++count;
                   return true;
                 });
  if (!read.ok()) return read;
  return count;
}

absl::Status Snapshot::ScanQuarantined(
    absl::string_view key,
    absl::FunctionRef<bool(const Quarantined&)> visit) const {
  return ScanQuarantineRows(QuarantinePrefix(key), visit);
}

absl::Status Snapshot::ScanAllQuarantined(
    absl::FunctionRef<bool(const Quarantined&)> visit) const {
  return ScanQuarantineRows({}, visit);
}

absl::Status Snapshot::ScanQuarantineRows(
    absl::string_view prefix,
    absl::FunctionRef<bool(const Quarantined&)> visit) const {
  bool damaged = false;
  const absl::Status read =
      ScanFamily(kQuarantineFamily, 0, prefix, {}, /*bulk=*/false,
                 [&](absl::string_view key, absl::string_view value) {
                   Quarantined quarantined;
                   damaged = !ParseQuarantined(key, value, quarantined);
                   return !damaged && visit(quarantined);
                 });
  if (damaged) return absl::DataLossError("a row of quarantine is damaged");
  return read;
}

absl::StatusOr<std::string> Snapshot::Digest() const {
  Sha256Hasher hasher;
  UpdateSized(hasher, absl::StrCat(database_->fold_version()));
  const auto update_rows = [&](const std::string& name, size_t family) {
    UpdateSized(hasher, name);
    return ScanFamily(family, /*prefix_bytes=*/0, {}, {}, /*bulk=*/true,
                      [&](absl::string_view key, absl::string_view value) {
                        UpdateSized(hasher, key);
                        UpdateSized(hasher, value);
                        return true;
                      });
  };
  absl::Status read = update_rows("", kQuarantineFamily);
  for (size_t i = 0; i < database_->tables().size() && read.ok(); ++i) {
    read = update_rows(database_->tables()[i].name, kFirstTableFamily + i);
  }
  if (!read.ok()) return read;
  for (const auto& [partition, last] : applied_) {
    UpdateSized(hasher, partition.topic);
    UpdateSized(hasher, absl::StrCat(partition.partition, " ", last.next, " ",
                                     absl::ToUnixMillis(last.logged)));
    UpdateSized(hasher, AsBytes(last.identity));
  }
  return Hex(AsBytes(hasher.Finish()));
}

}  // namespace vigil::projection
