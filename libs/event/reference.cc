#include "libs/event/reference.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
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

// Random UUIDs, drawn once for this purpose: the namespaces of Vigil's ids.
constexpr absl::string_view kEventNamespace =
    "0d7c9b4e-6f1a-4a57-9c2b-5a3e8e1f7d60";
constexpr absl::string_view kConversationNamespace =
    "b8c1f6a2-3e54-4d09-8a77-1c9d0e2b6f43";

constexpr absl::string_view kSourcePrefix = "//vigil/";
constexpr size_t kKeyIdCharacters = 8;
constexpr size_t kMacCharacters = 43;  // 32 bytes in base64url

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
  static const Uuid name_space = Namespace(kConversationNamespace);
  return UuidV5(name_space, EncodeParts({source, system, request_id})).Text();
}

bool IsSubjectReference(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  return parts.size() == 4 && parts[0] == "s1" &&
         (parts[1] == "p" || parts[1] == "h" || parts[1] == "a") &&
         parts[2].size() == kKeyIdCharacters &&
         std::all_of(parts[2].begin(), parts[2].end(), IsLowerHex) &&
         parts[3].size() == kMacCharacters &&
         std::all_of(parts[3].begin(), parts[3].end(), IsBase64Url);
}

absl::string_view KeyIdOf(absl::string_view subject_reference) {
  return IsSubjectReference(subject_reference)
             ? subject_reference.substr(5, kKeyIdCharacters)
             : absl::string_view();
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

std::string NamingKey::Subject(SubjectKind kind, absl::string_view organisation,
                               absl::string_view system,
                               absl::string_view local_id) const {
  const std::string letter(1, static_cast<char>(kind));
  return absl::StrCat(
      "s1.", letter, ".", id_, ".",
      Mac(EncodeParts({"local id", letter, organisation, system, local_id})));
}

std::string NamingKey::UnnumberedSubject(SubjectKind kind,
                                         absl::string_view organisation,
                                         absl::string_view record_system,
                                         absl::string_view record_id,
                                         uint32_t person_number) const {
  const std::string letter(1, static_cast<char>(kind));
  return absl::StrCat("s1.", letter, ".", id_, ".",
                      Mac(EncodeParts({"person of a record", letter,
                                       organisation, record_system, record_id,
                                       absl::StrCat(person_number)})));
}

std::string NamingKey::RequestKey(absl::string_view source,
                                  absl::string_view system,
                                  absl::string_view request_id) const {
  return Mac(EncodeParts({source, system, request_id}));
}

std::string NamingKey::RequestDigest(absl::string_view digest) const {
  return Mac(digest);
}

}  // namespace vigil::event
