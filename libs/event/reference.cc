#include "libs/event/reference.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/check.h"
#include "libs/base/hash.h"
#include "libs/base/organisation.h"
#include "libs/base/parts.h"
#include "libs/base/uuid.h"

namespace vigil::event {
namespace {

// A random UUID, drawn once for this purpose: the namespace of Vigil's ids.
constexpr absl::string_view kEventNamespace =
    "0d7c9b4e-6f1a-4a57-9c2b-5a3e8e1f7d60";

constexpr absl::string_view kSourcePrefix = "//vigil/";
constexpr size_t kKeyIdCharacters = 8;
constexpr size_t kMacCharacters = 43;  // 32 bytes in base64url
constexpr size_t kCheckCharacters = 4;
constexpr size_t kUncheckedCharacters =
    3 + 2 + kKeyIdCharacters + 1 + kMacCharacters;  // "s1." "p." id "." HMAC

std::string CheckOf(absl::string_view text) {
  return Base64Url(AsBytes(Sha256(text)).substr(0, 3));
}

Uuid Namespace(absl::string_view text) { return *Uuid::Parse(text); }

bool IsBase64Url(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '_';
}

bool IsLowerHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

}  // namespace

std::string OrganisationText(const v1::Organisation& organisation) {
  return Organisation{organisation.scheme(), organisation.code()}.Text();
}

std::string Source(absl::string_view writer, absl::string_view organisation) {
  return absl::StrCat(kSourcePrefix, writer, "/", organisation);
}

SourceParts ParseSource(absl::string_view source) {
  if (!absl::ConsumePrefix(&source, kSourcePrefix)) return {};
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(source, absl::MaxSplits('/', 1));
  return {parts.first, parts.second};
}

std::string EventId(absl::string_view source, absl::string_view system,
                    absl::string_view request_id, absl::string_view subject,
                    absl::string_view type, uint32_t ordinal) {
  static const Uuid name_space = Namespace(kEventNamespace);
  return UuidV5(name_space, EncodeParts({source, system, request_id, subject,
                                         type, absl::StrCat(ordinal)}))
      .Text();
}

std::string ConversationRef(absl::string_view source, absl::string_view system,
                            absl::string_view request_id) {
  static const Uuid name_space = Namespace(kEventNamespace);
  return UuidV5(name_space,
                EncodeParts({"conversation", source, system, request_id}))
      .Text();
}

bool IsSubjectReference(absl::string_view text) {
  if (text.size() != kUncheckedCharacters + 1 + kCheckCharacters ||
      !absl::StartsWith(text, "s1.") ||
      (text[3] != 'p' && text[3] != 'h' && text[3] != 'n') || text[4] != '.' ||
      text[kUncheckedCharacters] != '.') {
    return false;
  }
  const absl::string_view key_id = text.substr(5, kKeyIdCharacters);
  const absl::string_view mac =
      text.substr(5 + kKeyIdCharacters + 1, kMacCharacters);
  return text[5 + kKeyIdCharacters] == '.' &&
         std::all_of(key_id.begin(), key_id.end(), IsLowerHex) &&
         std::all_of(mac.begin(), mac.end(), IsBase64Url) &&
         text.substr(kUncheckedCharacters + 1) ==
             CheckOf(text.substr(0, kUncheckedCharacters));
}

bool IsOrganisationText(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  return !parts.first.empty() && !parts.second.empty() &&
         std::all_of(parts.first.begin(), parts.first.end(),
                     absl::ascii_islower) &&
         std::all_of(parts.second.begin(), parts.second.end(), [](char c) {
           return absl::ascii_isupper(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                  c == '-';
         });
}

absl::string_view KeyIdOf(absl::string_view subject_reference) {
  return IsSubjectReference(subject_reference)
             ? subject_reference.substr(5, kKeyIdCharacters)
             : absl::string_view();
}

bool IsNumbered(absl::string_view subject_reference) {
  return absl::StartsWith(subject_reference, "s1.n.");
}

NamingKey::NamingKey(std::string id, std::string secret)
    : id_(std::move(id)), secret_(std::move(secret)) {
  Check(id_.size() == kKeyIdCharacters &&
            std::all_of(id_.begin(), id_.end(), IsLowerHex),
        "a naming key's id is 8 lower-case hexadecimal digits");
  Check(secret_.size() == 32, "a naming key is 32 bytes");
}

std::string NamingKey::Mac(absl::string_view bytes) const {
  return Base64Url(AsBytes(HmacSha256(secret_, bytes)));
}

std::string NamingKey::CheckValue() const {
  return Mac(EncodeParts({"vigil naming key check", id_}));
}

std::string NamingKey::Reference(char letter, absl::string_view bytes) const {
  std::string text =
      absl::StrCat("s1.", std::string(1, letter), ".", id_, ".", Mac(bytes));
  absl::StrAppend(&text, ".", CheckOf(text));
  return text;
}

std::string NamingKey::Subject(SubjectKind kind, absl::string_view organisation,
                               absl::string_view system,
                               absl::string_view local_id) const {
  const bool person = kind == SubjectKind::kPerson;
  return Reference(person ? 'p' : 'h',
                   EncodeParts({person ? "person" : "household", organisation,
                                system, local_id}));
}

std::string NamingKey::NumberedSubject(SubjectKind kind,
                                       absl::string_view organisation,
                                       absl::string_view record_system,
                                       absl::string_view record_id,
                                       uint32_t number) const {
  return Reference(
      'n', EncodeParts({kind == SubjectKind::kPerson ? "person in a record"
                                                     : "household in a record",
                        organisation, record_system, record_id,
                        absl::StrCat(number)}));
}

std::string NamingKey::RequestKey(absl::string_view source,
                                  absl::string_view system,
                                  absl::string_view request_id) const {
  return Mac(EncodeParts({"request", source, system, request_id}));
}

std::string NamingKey::RequestDigest(absl::string_view digest) const {
  return Mac(EncodeParts({"digest", digest}));
}

std::string NamingKey::Record(absl::string_view organisation,
                              absl::string_view system,
                              absl::string_view id) const {
  return Mac(EncodeParts({"record", organisation, system, id}));
}

}  // namespace vigil::event
