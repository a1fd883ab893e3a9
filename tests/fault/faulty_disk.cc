#include "tests/fault/faulty_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/check.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace vigil {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

namespace {
// What a disk writes whole.
constexpr off_t kSector = 512;
}  // namespace

class FaultyDisk::Files : public rocksdb::FileSystemWrapper {
 public:
  Files() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyDisk"; }

  // One operation: OK if it may happen.
  IOStatus Operation() {
    const absl::MutexLock lock(&mutex_);
    ++count_;
    const bool fails =
        fail_at_ > 0 &&
        (count_ == fail_at_ || (count_ > fail_at_ && mode_ == Mode::kForAll));
    failed_ = failed_ || fails;
    return fails ? IOStatus::IOError("injected") : IOStatus::OK();
  }
  void FailAt(int operation, Mode mode) {
    const absl::MutexLock lock(&mutex_);
    count_ = 0;
    fail_at_ = operation;
    mode_ = mode;
    failed_ = false;
  }
  bool failed() const {
    const absl::MutexLock lock(&mutex_);
    return failed_;
  }

  void Synced(const std::string& name, uint64_t size) {
    const absl::MutexLock lock(&mutex_);
    synced_[name] = size;
  }
  void LosePower(Unsynced unsynced) {
    const absl::MutexLock lock(&mutex_);
    for (const auto& [name, synced] : synced_) {
      const auto kept = static_cast<off_t>(synced);
      struct stat file;
      Check(stat(name.c_str(), &file) == 0, "no such file");
      if (unsynced == Unsynced::kGone) {
        Check(truncate(name.c_str(), kept) == 0, "cannot truncate");
        continue;
      }
      const off_t third = (file.st_size - kept) / 3;
      const off_t begin = (kept + third + kSector - 1) / kSector * kSector;
      const off_t end = (kept + 2 * third) / kSector * kSector;
      if (begin >= end) continue;
      const int descriptor = open(name.c_str(), O_WRONLY | O_CLOEXEC);
      const std::string zeros(static_cast<size_t>(end - begin), '\0');
      Check(pwrite(descriptor, zeros.data(), zeros.size(), begin) ==
                static_cast<ssize_t>(zeros.size()),
            "cannot write");
      close(descriptor);
    }
  }

  IOStatus NewWritableFile(const std::string& name,
                           const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override;
  IOStatus ReopenWritableFile(const std::string& name,
                              const rocksdb::FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>*,
                              IODebugContext*) override {
    return IOStatus::NotSupported("not expected: " + name);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string&,
                             const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*,
                             IODebugContext*) override {
    return IOStatus::NotSupported("not expected: " + name);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* debug) override;

  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* debug) override {
    IOStatus status = Operation();
    if (!status.ok()) return status;
    {
      const absl::MutexLock lock(&mutex_);
      synced_.erase(name);
    }
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to,
                      const IOOptions& options,
                      IODebugContext* debug) override {
    IOStatus status = Operation();
    if (status.ok()) {
      status = FileSystemWrapper::RenameFile(from, to, options, debug);
    }
    if (!status.ok()) return status;
    const absl::MutexLock lock(&mutex_);
    if (auto moved = synced_.extract(from); !moved.empty()) {
      synced_.erase(to);
      moved.key() = to;
      synced_.insert(std::move(moved));
    }
    return status;
  }

 private:
  mutable absl::Mutex mutex_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
  int fail_at_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: never
  Mode mode_ ABSL_GUARDED_BY(mutex_) = Mode::kOnce;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  // How many bytes of each file written here are on the disk for good.
  std::map<std::string, uint64_t> synced_ ABSL_GUARDED_BY(mutex_);
};

namespace {

template <typename Files>
class WritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WritableFile(std::unique_ptr<rocksdb::FSWritableFile> file, Files* files,
               std::string name)
      : FSWritableFileOwnerWrapper(std::move(file)),
        files_(files),
        name_(std::move(name)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    const IOStatus status = files_->Operation();
    const rocksdb::Slice written(data.data(),
                                 status.ok() ? data.size() : data.size() / 2);
    const IOStatus wrote =
        FSWritableFileOwnerWrapper::Append(written, options, debug);
    size_ += written.size();
    return status.ok() ? wrote : status;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return Keep(); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return Keep(); }
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&,
                     IODebugContext*) override {
    return IOStatus::OK();  // a hint: it promises nothing
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = files_->Operation();
    const IOStatus closed = FSWritableFileOwnerWrapper::Close(options, debug);
    return status.ok() ? closed : status;
  }

 private:
  // The real sync would only cost time: LosePower decides what was kept.
  IOStatus Keep() {
    const IOStatus status = files_->Operation();
    if (status.ok()) files_->Synced(name_, size_);
    return status;
  }

  Files* const files_;
  const std::string name_;
  uint64_t size_ = 0;
};

template <typename Files>
class Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(std::unique_ptr<rocksdb::FSDirectory> directory, Files* files)
      : FSDirectoryWrapper(std::move(directory)), files_(files) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return files_->Operation();
  }
  IOStatus FsyncWithDirOptions(const IOOptions&, IODebugContext*,
                               const rocksdb::DirFsyncOptions&) override {
    return files_->Operation();
  }

 private:
  Files* const files_;
};

}  // namespace

IOStatus FaultyDisk::Files::NewWritableFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  IOStatus status = Operation();
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  status = FileSystemWrapper::NewWritableFile(name, options, &file, debug);
  if (!status.ok()) return status;
  Synced(name, 0);
  *result = std::make_unique<WritableFile<Files>>(std::move(file), this, name);
  return status;
}

IOStatus FaultyDisk::Files::NewDirectory(
    const std::string& name, const IOOptions& options,
    std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  const IOStatus status =
      FileSystemWrapper::NewDirectory(name, options, &directory, debug);
  if (status.ok()) {
    *result = std::make_unique<Directory<Files>>(std::move(directory), this);
  }
  return status;
}

FaultyDisk::FaultyDisk()
    : files_(std::make_shared<Files>()),
      env_(rocksdb::NewCompositeEnv(files_)) {}
FaultyDisk::~FaultyDisk() = default;
void FaultyDisk::FailAt(int operation, Mode mode) {
  files_->FailAt(operation, mode);
}
bool FaultyDisk::failed() const { return files_->failed(); }
void FaultyDisk::Heal() { files_->FailAt(0, Mode::kOnce); }
void FaultyDisk::LosePower(Unsynced unsynced) { files_->LosePower(unsynced); }

}  // namespace vigil
