#include "libs/event/naming_key_file.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/hash.h"
#include "libs/base/secret_file.h"
#include "libs/base/uuid.h"

namespace vigil::event {
namespace {

constexpr absl::string_view kFirstLine = "vigil naming key 1";

std::string Random(size_t bytes) {
  // Two random UUIDs give 244 random bits; hashed, 32 bytes that carry them.
  const std::string seed = absl::StrCat(UuidV4().Text(), UuidV4().Text());
  const Sha256Digest digest = Sha256(seed);
  return std::string(AsBytes(digest).substr(0, bytes));
}

std::string Format(const NamingKey& key) {
  return absl::StrCat(kFirstLine, "\nid ", key.id(), "\nkey ",
                      Hex(key.secret()), "\ncheck ", key.CheckValue(), "\n");
}

absl::Status Damaged(const std::string& path) {
  return absl::DataLossError(
      absl::StrCat("the naming key in ", path,
                   " is damaged: restore it from its backup. Starting with "
                   "another key would "
                   "split every child for ever."));
}

}  // namespace

absl::StatusOr<NamingKey> ReadNamingKey(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadSecretFile(path);
  if (!text.ok()) return text.status();
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  if (lines.size() != 5 || lines[0] != kFirstLine || !lines[4].empty()) {
    return Damaged(path);
  }
  absl::string_view id = lines[1];
  absl::string_view hex = lines[2];
  if (!absl::ConsumePrefix(&id, "id ") || id.size() != 8 ||
      id.find_first_not_of("0123456789abcdef") != absl::string_view::npos ||
      !absl::ConsumePrefix(&hex, "key ") || hex.size() != 64 ||
      hex.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
    return Damaged(path);
  }
  NamingKey key{std::string(id), absl::HexStringToBytes(hex)};
  if (Format(key) != *text) return Damaged(path);
  return key;
}

absl::StatusOr<NamingKey> ReadOrMakeNamingKey(const std::string& path) {
  absl::StatusOr<NamingKey> key = ReadNamingKey(path);
  if (!absl::IsNotFound(key.status())) return key;
  const NamingKey made(Hex(Random(4)), Random(32));
  if (const absl::Status status = CreateSecretFile(path, Format(made));
      !status.ok() && !absl::IsAlreadyExists(status)) {
    return status;
  }
  return ReadNamingKey(path);
}

}  // namespace vigil::event
