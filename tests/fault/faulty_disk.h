// A file system that fails at one operation, and can lose its power.
//
//   FaultyDisk disk;
//   disk.FailAt(7, FaultyDisk::Mode::kOnce);
//   ... use disk.env() ...
//   disk.Heal();                 // and see what recovery makes of it
//
// Counted are the operations that change the disk: making, writing, syncing,
// closing, renaming and deleting files, and syncing folders. A write that fails
// leaves half of its bytes. What was not synced is gone after LosePower, or
// torn, so what survives was really made durable. (Names are not lost: only
// bytes.)
#ifndef VIGIL_TESTS_FAULT_FAULTY_DISK_H_
#define VIGIL_TESTS_FAULT_FAULTY_DISK_H_

#include <memory>

namespace rocksdb {
class Env;
}

namespace vigil {

class FaultyDisk {
 public:
  enum class Mode {
    kOnce,   // an error, then all is well: a full disk that was emptied
    kForAll  // nothing works from then on: a disk that is gone
  };

  // What becomes of bytes that were not synced.
  enum class Unsynced {
    kGone,
    // A disk writes its sectors in any order: those in the middle third were
    // not written yet, and read as zeros.
    kTorn,
  };

  FaultyDisk();
  ~FaultyDisk();

  // Operations are counted from 1, from now on.
  void FailAt(int operation, Mode mode);
  // Whether the operation was reached.
  bool failed() const;

  // No more faults. With everything closed.
  void Heal();
  // With everything closed.
  void LosePower(Unsynced unsynced = Unsynced::kGone);

  rocksdb::Env* env() const { return env_.get(); }

 private:
  class Files;
  std::shared_ptr<Files> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace vigil

#endif  // VIGIL_TESTS_FAULT_FAULTY_DISK_H_
