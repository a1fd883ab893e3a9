#include "libs/event/naming_key_file.h"

#include <algorithm>
#include <optional>
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
constexpr absl::string_view kPrevious = "previous ";

std::string Random(size_t bytes) {
  // Two random UUIDs give 244 random bits; hashed, 32 bytes that carry them.
  const std::string seed = absl::StrCat(UuidV4().Text(), UuidV4().Text());
  const Sha256Digest digest = Sha256(seed);
  return std::string(AsBytes(digest).substr(0, bytes));
}

NamingKey Make() { return {Hex(Random(4)), Random(32)}; }

std::string Format(absl::string_view prefix, const NamingKey& key) {
  return absl::StrCat(prefix, "id ", key.id(), "\n", prefix, "key ",
                      Hex(key.secret()), "\n", prefix, "check ",
                      key.CheckValue(), "\n");
}

std::string Format(const NamingKeys& keys) {
  std::string text = absl::StrCat(kFirstLine, "\n", Format("", keys.current));
  for (const NamingKey& key : keys.previous) text += Format(kPrevious, key);
  return text;
}

// The key of two lines; nothing if they are none.
std::optional<NamingKey> Read(absl::string_view prefix, absl::string_view id,
                              absl::string_view hex) {
  constexpr absl::string_view kHex = "0123456789abcdef";
  if (!absl::ConsumePrefix(&id, absl::StrCat(prefix, "id ")) ||
      id.size() != 8 || id.find_first_not_of(kHex) != absl::string_view::npos ||
      !absl::ConsumePrefix(&hex, absl::StrCat(prefix, "key ")) ||
      hex.size() != 64 ||
      hex.find_first_not_of(kHex) != absl::string_view::npos) {
    return std::nullopt;
  }
  return NamingKey(std::string(id), absl::HexStringToBytes(hex));
}

absl::Status Damaged(const std::string& path) {
  return absl::DataLossError(
      absl::StrCat("the naming key in ", path,
                   " is damaged: restore it from its backup. Starting with "
                   "another key would "
                   "split every child for ever."));
}

}  // namespace

bool NamingKeys::Named(absl::string_view subject_reference) const {
  const absl::string_view id = KeyIdOf(subject_reference);
  return id == current.id() ||
         std::any_of(previous.begin(), previous.end(),
                     [id](const NamingKey& key) { return id == key.id(); });
}

absl::StatusOr<NamingKeys> ReadNamingKeys(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadSecretFile(path);
  if (!text.ok()) return text.status();
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  // Three lines for each key, after the first; the last is empty.
  if (lines.size() < 5 || lines.size() % 3 != 2) return Damaged(path);
  const std::optional<NamingKey> current = Read("", lines[1], lines[2]);
  if (!current.has_value()) return Damaged(path);
  NamingKeys keys = {.current = *current};
  for (size_t i = 4; i + 3 < lines.size(); i += 3) {
    const std::optional<NamingKey> key =
        Read(kPrevious, lines[i], lines[i + 1]);
    if (!key.has_value()) return Damaged(path);
    keys.previous.push_back(*key);
  }
  // Whatever else differs: the first line, a check value.
  if (Format(keys) != *text) return Damaged(path);
  return keys;
}

absl::StatusOr<NamingKeys> ReadOrMakeNamingKeys(const std::string& path) {
  absl::StatusOr<NamingKeys> keys = ReadNamingKeys(path);
  if (!absl::IsNotFound(keys.status())) return keys;
  const absl::Status status =
      CreateSecretFile(path, Format({.current = Make()}));
  if (!status.ok() && !absl::IsAlreadyExists(status)) return status;
  return ReadNamingKeys(path);
}

absl::StatusOr<NamingKeys> ReplaceNamingKey(const std::string& path) {
  absl::StatusOr<NamingKeys> keys = ReadNamingKeys(path);
  if (!keys.ok()) return keys;
  keys->previous.insert(keys->previous.begin(), keys->current);
  keys->current = Make();
  if (const absl::Status status =
          WriteFileAtomically(path, Format(*keys), kOwnerOnly);
      !status.ok()) {
    return status;
  }
  return ReadNamingKeys(path);
}

}  // namespace vigil::event
