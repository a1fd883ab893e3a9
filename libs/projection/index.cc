#include "libs/projection/index.h"

#include <utility>

#include "libs/projection/database.h"
#include "libs/projection/folder.h"

namespace vigil::projection {

Index::Index(std::unique_ptr<Folder> folder, Fold fold,
             std::shared_ptr<Database> database, int64_t generation)
    : folder_(std::move(folder)),
      fold_(std::move(fold)),
      database_(std::move(database)),
      generation_(generation),
      snapshot_(database_->TakeSnapshot(generation_)) {}

// In order: what is in `database_` may live on in a snapshot.
Index::~Index() = default;

absl::StatusOr<std::unique_ptr<Index>> Index::Open(const std::string& folder,
                                                   Fold fold,
                                                   IndexOptions options) {
  CheckFold(fold);
  auto locked = Folder::Open(folder);
  if (!locked.ok()) return locked.status();
  absl::Status status = (*locked)->ReadCurrent();
  if (status.ok()) status = (*locked)->RemoveLeftovers();
  if (!status.ok()) return status;
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  const bool is_new = !(*locked)->current();
  const int64_t generation = (*locked)->current().value_or(1);
  const std::string path = (*locked)->PathOf(generation);
  rocksdb::Env* env =
      options.env == nullptr ? rocksdb::Env::Default() : options.env;
  auto database = is_new ? Database::Create(path, fold, cache, env)
                         : Database::Open(path, fold, cache, env);
  if (!database.ok()) return database.status();
  if (is_new) {
    status = (*locked)->SetCurrent(generation);
    if (!status.ok()) return status;
  }
  return std::unique_ptr<Index>(new Index(*std::move(locked), std::move(fold),
                                          *std::move(database), generation));
}

absl::Status Index::Apply(absl::Span<const eventlog::LoggedRecord> records,
                          std::optional<int64_t> generation) {
  absl::MutexLock lock(&apply_mutex_);
  if (generation && *generation != generation_) {
    return absl::AbortedError("the index was rebuilt meanwhile");
  }
  absl::Status applied = database_->Apply(fold_, records);
  if (!applied.ok()) return applied;
  auto next = database_->TakeSnapshot(generation_);
  absl::MutexLock publish(&mutex_);
  snapshot_.swap(next);
  return absl::OkStatus();
}

absl::Status Index::Sync() {
  absl::MutexLock lock(&apply_mutex_);
  return database_->Sync();
}

std::shared_ptr<const Snapshot> Index::snapshot() const {
  absl::MutexLock lock(&mutex_);
  return snapshot_;
}

absl::StatusOr<int64_t> Index::BeginRebuild() {
  absl::MutexLock lock(&apply_mutex_);
  if (rebuilding_) {
    return absl::AlreadyExistsError("the index is being rebuilt");
  }
  // Older ones may still be open for a snapshot.
  absl::Status removed = folder_->RemoveLeftovers(/*above=*/generation_);
  if (!removed.ok()) return removed;
  rebuilding_ = true;
  return folder_->NextGeneration();
}

absl::Status Index::FinishRebuild(
    std::shared_ptr<Database> shadow, int64_t generation,
    const std::function<absl::Status(const Positions& serving)>& finish) {
  // Freed after the locks, because the last holder closes a database.
  std::shared_ptr<const Snapshot> last_snapshot;
  std::shared_ptr<Database> old;
  absl::MutexLock lock(&apply_mutex_);
  absl::Status status = finish(snapshot()->positions());
  if (status.ok()) status = folder_->SetCurrent(generation);
  if (!status.ok()) return status;
  database_->RemoveWhenClosed();
  old = std::exchange(database_, std::move(shadow));
  generation_ = generation;
  last_snapshot = database_->TakeSnapshot(generation_);
  absl::MutexLock publish(&mutex_);
  snapshot_.swap(last_snapshot);
  return absl::OkStatus();
}

std::shared_ptr<rocksdb::Cache> Index::cache() const {
  absl::MutexLock lock(&apply_mutex_);
  return database_->cache();
}

void Index::EndRebuild() {
  absl::MutexLock lock(&apply_mutex_);
  rebuilding_ = false;
  // After a failure: what was half made.
  folder_->RemoveLeftovers(/*above=*/generation_).IgnoreError();
}

}  // namespace vigil::projection
