#include "libs/event/codes.h"

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/limits.h"
#include "libs/base/nhs_number.h"
#include "libs/base/organisation.h"
#include "libs/base/upn.h"

namespace vigil::event {
namespace {

static_assert(kMaxBatchRequests == 500 && kMaxCallEvents == 5'000 &&
                  kMaxCallNames == 10'000 && kMaxBatchBytes == 4u << 20,
              "BATCH_TOO_LARGE says these numbers");

constexpr Code kCodes[] = {
    // Of any field.
    {code::kRequired, "This must be stated.", Advice::kCorrect},
    {code::kNotExpected,
     "This must be left out: it does not go with what else is stated.",
     Advice::kCorrect},
    {code::kUnknownField,
     "This server does not know this field; nothing was stored. The number is "
     "the field's.",
     Advice::kCorrect},
    {code::kUnknownEnumValue,
     "This server does not know this value; nothing was stored.",
     Advice::kCorrect},
    {code::kTextTooLong,
     "The text has more Unicode characters than the field's rules allow; "
     "nothing is ever cut.",
     Advice::kCorrect},
    {code::kTextTooShort,
     "The text has fewer Unicode characters than the field's rules demand.",
     Advice::kCorrect},
    {code::kTextNotUtf8, "The text is not UTF-8.", Advice::kCorrect},
    {code::kTextControlCharacter,
     "The text holds a control character; prose may hold line feeds, carriage "
     "returns and tabs, any other field none.",
     Advice::kCorrect},
    {code::kListTooLong, "The list is longer than the field's rules allow.",
     Advice::kCorrect},
    {code::kListTooShort, "The list has too few elements.", Advice::kCorrect},
    {code::kListRepeats, "The list names the same thing twice.",
     Advice::kCorrect},
    {code::kNumberOutOfRange, "The number is out of the field's range.",
     Advice::kCorrect},
    {code::kBytesLength,
     "The bytes are more or fewer than the field's rules demand.",
     Advice::kCorrect},
    {code::kConceptCodeFormat,
     "A published code is lower-case letters, digits and underscores.",
     Advice::kCorrect},
    {code::kConceptUnknown,
     "There is no such table of published codes (CONCEPTS.md).",
     Advice::kCorrect},
    {code::kConceptCodeUnknown,
     "The table of this field has no such code (CONCEPTS.md); a term of the "
     "agency's own is said as such.",
     Advice::kCorrect},
    {code::kTwoActs,
     "A statement says one act, once: another is another statement.",
     Advice::kCorrect},
    {code::kActNotOfThisService,
     "This service does not take this act; its definition lists those that it "
     "takes.",
     Advice::kCorrect},
    {code::kAboutNotTaken,
     "This act names its subjects itself: `about` is left out.",
     Advice::kCorrect},
    {code::kObservationsNotTaken,
     "Beside this act nothing is observed, for an observation would tell what "
     "it is: say it in another statement.",
     Advice::kCorrect},
    {code::kTieUnknown,
     "A tie leads to a place in this statement's `about`, counted from 0, and "
     "to another person.",
     Advice::kCorrect},
    {code::kStatementTooLarge,
     "What the statement would store is too large: each person involved stands "
     "in the event of each subject. One event may have 1 MB and all of them "
     "4 MB. Tell it in several statements.",
     Advice::kCorrect},
    {code::kTooManyEvents,
     "The statement would make more events than one may: each act and each "
     "observation is one for each subject. Tell it in several statements.",
     Advice::kCorrect},
    {code::kBytesInvalid,
     "The bytes are not those of a protobuf message of this type.",
     Advice::kCorrect},
    // Of times.
    {code::kInstantFormat,
     "An instant is written as RFC 3339 with its offset: "
     "2026-03-28T10:00:00Z or 2026-03-28T10:00:00.250+01:00.",
     Advice::kCorrect},
    {code::kLocalTimeFormat,
     "A local time is written without offset: 2026-10-25T01:30:00.",
     Advice::kCorrect},
    {code::kLocalTimeNonexistent,
     "No clock of that zone showed this time: it was skipped when the clock "
     "went forward.",
     Advice::kCorrect},
    {code::kLocalTimeNotAmbiguous,
     "The clock showed this time once only, so there is no second.",
     Advice::kCorrect},
    {code::kZoneUnknown,
     "The zone is not one of the IANA database, such as Europe/London.",
     Advice::kCorrect},
    {code::kDateFormat,
     "A date is written 2026-03-28, 2026-03 or 2026, and must exist; some "
     "fields need the full date.",
     Advice::kCorrect},
    {code::kClockFormat, "A time of day is written 09:00, from 00:00 to 23:59.",
     Advice::kCorrect},
    {code::kIntervalEmpty, "An interval states at least one of its ends.",
     Advice::kCorrect},
    {code::kIntervalReversed, "The interval ends before it begins.",
     Advice::kCorrect},
    {code::kTimeInFuture,
     "This lies after the time at which the request was received.",
     Advice::kCorrect},
    // Of people.
    {code::kPersonRepeated, "The same person is named twice.",
     Advice::kCorrect},
    {code::kBirthInFuture,
     "A date of birth lies in the future; an expected date has a field of its "
     "own.",
     Advice::kCorrect},
    {code::kDeathInFuture, "The date of death lies in the future.",
     Advice::kCorrect},
    {code::kDeathBeforeBirth, "The date of death lies before that of birth.",
     Advice::kCorrect},
    {code::kIdentifierSpaces, "An identifier is written without spaces.",
     Advice::kCorrect},
    {code::kIdentifierSystem,
     "The system that issues it is stated for an identifier of type OTHER, and "
     "for no other type.",
     Advice::kCorrect},
    {kNhsNumberNotDigits, "An NHS number is digits only.", Advice::kCorrect},
    {kNhsNumberLength, "An NHS number has 10 digits.", Advice::kCorrect},
    {kNhsNumberCheckDigit,
     "The last digit does not check the others: it is no NHS number.",
     Advice::kCorrect},
    {kUpnLength, "A unique pupil number has 13 characters.", Advice::kCorrect},
    {kUpnFormat,
     "A unique pupil number is a letter, eleven digits and a last digit, or a "
     "last letter if it is temporary.",
     Advice::kCorrect},
    {kUpnCheckLetter,
     "The first letter does not check the rest: it is no unique pupil number.",
     Advice::kCorrect},
    {code::kUpnTemporary, "This is a temporary number: state it as such.",
     Advice::kCorrect},
    {code::kUpnNotTemporary, "This is a permanent number: state it as such.",
     Advice::kCorrect},
    {code::kUprnFormat, "A unique property reference number is 1 to 12 digits.",
     Advice::kCorrect},
    // Of references and other values.
    {kOrganisationScheme,
     "The scheme is one of ods, urn, la, police, charity, company, local.",
     Advice::kCorrect},
    {kOrganisationCode,
     "The code is upper-case letters, digits and inner hyphens, 1 to 32 "
     "characters.",
     Advice::kCorrect},
    {code::kEventIdFormat, "An event id is a UUID in lower case.",
     Advice::kCorrect},
    {code::kSubjectFormat,
     "A subject reference is used exactly as a receipt or an answer gave it: "
     "its last part checks the rest. A person is not named as a household.",
     Advice::kCorrect},
    {code::kEntrySubjectFormat,
     "The subject of an entry is its reference, exactly as a receipt or an "
     "answer gave it, or an organisation, such as urn:100000.",
     Advice::kCorrect},
    {code::kSubjectForeign,
     "Only the hub files facts under a subject that another service named; "
     "name "
     "the person by a local id of this agency.",
     Advice::kCorrect},
    {code::kSha256Format, "A SHA-256 is 64 lower-case hexadecimal digits.",
     Advice::kCorrect},
    {code::kDecimalFormat,
     "A quantity is digits with at most one point between them, and a minus "
     "sign before them if negative.",
     Advice::kCorrect},
    {code::kFieldPathFormat,
     "A field is named by its path in lower case, such as account.occurred.",
     Advice::kCorrect},
    {code::kFieldNotAmendable,
     "This makes the entry that entry, and is never amended: withdraw it, and "
     "say it anew.",
     Advice::kCorrect},
    {code::kFieldPathUnknown,
     "A statement of this act has no such field: a path begins with account, "
     "about, involved, informant, place, submission or the act's own name, and "
     "goes on as in the .proto files.",
     Advice::kCorrect},
    // Of questions.
    {code::kPageTokenMismatch,
     "A page token belongs to the question that it was given for.",
     Advice::kCorrect},
    {code::kPageTokenStale,
     "Other records are linked to this child than on the page before: begin "
     "again with the first page.",
     Advice::kCorrect},
    {code::kIdentifierAmbiguous,
     "Records that are not linked carry this identifier: find the child, and "
     "ask by subject.",
     Advice::kCorrect},
    // Refusals.
    {code::kInvalidRequest,
     "The request has violations, each with a code of its own; nothing was "
     "stored.",
     Advice::kCorrect},
    {code::kRequestIdReused,
     "This request id was used for other content, which is stored and stays.",
     Advice::kStop},
    {code::kBatchTooLarge,
     "A batch holds at most 500 statements, 5,000 events, 10,000 names of "
     "persons and households, and 4 MB; send it in parts, each statement "
     "unchanged with its own request id.",
     Advice::kCorrect},
    {code::kNotAuthorised,
     "The register does not let this system do this for this organisation.",
     Advice::kStop},
    {code::kTooMuchInFlight,
     "Too many calls of this system are in flight; wait as the answer says.",
     Advice::kRepeat},
    {code::kLogUnreachable,
     "Neither the log nor the outbox could take it; nothing was stored.",
     Advice::kRepeat},
    {code::kAppendInDoubt,
     "It may or may not be stored; a repeat finds out and stores it once.",
     Advice::kRepeat},
    {code::kProjectionBehind,
     "The index has not yet reached what was asked for.", Advice::kRepeat},
    {code::kDataLoss, "Bytes of the log do not agree with their proof.",
     Advice::kStop},
    // Warnings.
    {code::kIdentifierNotVerified,
     "An identifier that is not stated as verified links no records.",
     Advice::kLook},
    {code::kIdentifierHolderNotStated,
     "An identifier whose holder is not stated links no records.",
     Advice::kLook},
    {code::kLocalTimeAmbiguous,
     "The clock showed this time twice and it is not stated which is meant.",
     Advice::kLook},
    {code::kExpectedDatePassed,
     "The expected date of birth has passed: the child may have been born.",
     Advice::kLook},
};

}  // namespace

absl::Span<const Code> Codes() { return kCodes; }

const Code* FindCode(absl::string_view code) {
  for (const Code& candidate : kCodes) {
    if (candidate.code == code) {
      return &candidate;
    }
  }
  return nullptr;
}

absl::string_view AdviceName(Advice advice) {
  switch (advice) {
    case Advice::kCorrect:
      return "CORRECT";
    case Advice::kRepeat:
      return "REPEAT";
    case Advice::kStop:
      return "STOP";
    case Advice::kLook:
      return "LOOK";
  }
  Check(false, "an advice has a name");
  return "";
}

std::string CodesMarkdown() {
  std::string text =
      "# Codes\n"
      "\n"
      "Each code that an answer of Vigil can hold. Codes are never renamed and "
      "never change\ntheir meaning. What to do:\n"
      "\n"
      "- CORRECT: correct the request and send it with a new request id.\n"
      "- REPEAT: send the same request again, unchanged, with the same request "
      "id.\n"
      "- STOP: neither helps; a person must look.\n"
      "- LOOK: a warning. It was stored, and is worth a look.\n"
      "\n"
      "An answer without a code is gRPC's own. UNAVAILABLE and "
      "DEADLINE_EXCEEDED: REPEAT.\nRESOURCE_EXHAUSTED without "
      "google.rpc.RetryInfo: the message is larger than the server\ntakes "
      "(8 MB), and a repeat will be too: STOP. UNIMPLEMENTED: the server has "
      "no such rpc, or\ndoes not take compressed messages; or, from the "
      "chronology and operations, the bytes\nare not those of the rpc's "
      "request (an agency's service says BYTES_INVALID or\nTEXT_NOT_UTF8): "
      "CORRECT.\n"
      "\n"
      "| Code | Meaning | What to do |\n"
      "|---|---|---|\n";
  for (const Code& code : kCodes) {
    absl::StrAppend(&text, "| `", code.code, "` | ", code.description, " | ",
                    AdviceName(code.advice), " |\n");
  }
  return text;
}

}  // namespace vigil::event
