#include "libs/projection/folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/atomic_file.h"
#include "rocksdb/env.h"

namespace vigil::projection {
namespace {

constexpr char kLock[] = "LOCK";
constexpr char kCurrent[] = "CURRENT";
constexpr char kIndexPrefix[] = "index-";

std::optional<int64_t> ParseGeneration(absl::string_view name) {
  int64_t generation = 0;
  if (!absl::ConsumePrefix(&name, kIndexPrefix) ||
      !absl::SimpleAtoi(name, &generation) || generation < 1) {
    return std::nullopt;
  }
  return generation;
}

// The generations that have a folder here.
std::vector<int64_t> GenerationsIn(const std::string& path) {
  std::vector<int64_t> generations;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const auto generation = ParseGeneration(entry.path().filename().string());
    if (generation) generations.push_back(*generation);
  }
  return generations;
}

}  // namespace

Folder::Folder(std::string path, rocksdb::FileLock* lock)
    : path_(std::move(path)), lock_(lock) {}

Folder::~Folder() {
  rocksdb::Env::Default()->UnlockFile(lock_).PermitUncheckedError();
}

absl::StatusOr<std::unique_ptr<Folder>> Folder::Open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot make ", path, ": ", error.message()));
  }
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status locked =
      rocksdb::Env::Default()->LockFile(absl::StrCat(path, "/", kLock), &lock);
  if (!locked.ok()) {
    return absl::UnavailableError(
        absl::StrCat("cannot lock ", path, ": ", locked.ToString()));
  }
  std::unique_ptr<Folder> folder(new Folder(path, lock));
  return folder;
}

absl::Status Folder::ReadCurrent() {
  current_.reset();
  const auto content = ReadFile(absl::StrCat(path_, "/", kCurrent));
  if (absl::IsNotFound(content.status())) return absl::OkStatus();
  if (!content.ok()) return content.status();
  absl::string_view name = *content;
  absl::ConsumeSuffix(&name, "\n");
  current_ = ParseGeneration(name);
  if (current_) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path_, "/", kCurrent, " is damaged"));
}

absl::Status Folder::SetCurrent(int64_t generation) {
  const absl::Status written = WriteFileAtomically(
      absl::StrCat(path_, "/", kCurrent),
      absl::StrCat(kIndexPrefix, generation, "\n"), kOwnerOnly);
  if (written.ok()) {
    current_ = generation;
  } else {
    // Either name may be there now.
    ReadCurrent().IgnoreError();
  }
  return written;
}

std::string Folder::PathOf(int64_t generation) const {
  return absl::StrCat(path_, "/", kIndexPrefix, generation);
}

absl::Status Folder::RemoveLeftovers(int64_t above) {
  for (const int64_t generation : GenerationsIn(path_)) {
    if (generation == current_ || generation <= above) continue;
    std::error_code error;
    std::filesystem::remove_all(PathOf(generation), error);
    if (error) {
      return absl::UnavailableError(absl::StrCat(
          "cannot remove ", PathOf(generation), ": ", error.message()));
    }
  }
  return absl::OkStatus();
}

int64_t Folder::NextGeneration() const {
  int64_t newest = current_.value_or(0);
  for (const int64_t generation : GenerationsIn(path_)) {
    newest = std::max(newest, generation);
  }
  return newest + 1;
}

}  // namespace vigil::projection
