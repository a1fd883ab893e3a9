// Every code that a client can meet, what it means, and what to do then.
//
// Codes are published: they are never renamed nor given another meaning, and
// clients may switch on them. CODES.md is this table for readers, made by
// CodesMarkdown; a test keeps the two equal.
//
// Threads: safe.
#ifndef VIGIL_LIBS_EVENT_CODES_H_
#define VIGIL_LIBS_EVENT_CODES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vigil::event {

enum class Advice {
  kCorrect,  // correct the request and send it with a new request id
  kRepeat,   // send the same request again with the same request id
  kStop,     // neither helps: a person must look
  kLook,     // a warning: it was stored, and is worth a look
};

struct Code {
  absl::string_view code;
  absl::string_view description;  // a sentence without a value of the request
  Advice advice;
};

// By group: violations, refusals, warnings.
absl::Span<const Code> Codes();

// Nothing if it is not published.
const Code* FindCode(absl::string_view code);

// "CORRECT", "REPEAT", "STOP", "LOOK".
absl::string_view AdviceName(Advice advice);

// Codes() as the text of CODES.md.
std::string CodesMarkdown();

// The codes that this library gives; those of numbers and organisations stand
// with their rules in libs/base.
namespace code {

// Of any field.
inline constexpr absl::string_view kRequired = "REQUIRED";
inline constexpr absl::string_view kNotExpected = "NOT_EXPECTED";
inline constexpr absl::string_view kUnknownField = "UNKNOWN_FIELD";
inline constexpr absl::string_view kUnknownEnumValue = "UNKNOWN_ENUM_VALUE";
inline constexpr absl::string_view kTextTooLong = "TEXT_TOO_LONG";
inline constexpr absl::string_view kTextTooShort = "TEXT_TOO_SHORT";
inline constexpr absl::string_view kTextNotUtf8 = "TEXT_NOT_UTF8";
inline constexpr absl::string_view kTextControlCharacter =
    "TEXT_CONTROL_CHARACTER";
inline constexpr absl::string_view kListTooLong = "LIST_TOO_LONG";
inline constexpr absl::string_view kListTooShort = "LIST_TOO_SHORT";
inline constexpr absl::string_view kListRepeats = "LIST_REPEATS";
inline constexpr absl::string_view kNumberOutOfRange = "NUMBER_OUT_OF_RANGE";
inline constexpr absl::string_view kBytesLength = "BYTES_LENGTH";
inline constexpr absl::string_view kConceptCodeFormat = "CONCEPT_CODE_FORMAT";
inline constexpr absl::string_view kConceptUnknown = "CONCEPT_UNKNOWN";
inline constexpr absl::string_view kConceptCodeUnknown = "CONCEPT_CODE_UNKNOWN";
inline constexpr absl::string_view kTwoActs = "TWO_ACTS";
inline constexpr absl::string_view kActNotOfThisService =
    "ACT_NOT_OF_THIS_SERVICE";
inline constexpr absl::string_view kAboutNotTaken = "ABOUT_NOT_TAKEN";
inline constexpr absl::string_view kObservationsNotTaken =
    "OBSERVATIONS_NOT_TAKEN";
inline constexpr absl::string_view kTieUnknown = "TIE_UNKNOWN";
inline constexpr absl::string_view kStatementTooLarge = "STATEMENT_TOO_LARGE";
inline constexpr absl::string_view kTooManyEvents = "TOO_MANY_EVENTS";
inline constexpr absl::string_view kBytesInvalid = "BYTES_INVALID";

// Of times.
inline constexpr absl::string_view kInstantFormat = "INSTANT_FORMAT";
inline constexpr absl::string_view kLocalTimeFormat = "LOCAL_TIME_FORMAT";
inline constexpr absl::string_view kLocalTimeNonexistent =
    "LOCAL_TIME_NONEXISTENT";
inline constexpr absl::string_view kLocalTimeNotAmbiguous =
    "LOCAL_TIME_NOT_AMBIGUOUS";
inline constexpr absl::string_view kZoneUnknown = "ZONE_UNKNOWN";
inline constexpr absl::string_view kDateFormat = "DATE_FORMAT";
inline constexpr absl::string_view kClockFormat = "CLOCK_FORMAT";
inline constexpr absl::string_view kIntervalEmpty = "INTERVAL_EMPTY";
inline constexpr absl::string_view kIntervalReversed = "INTERVAL_REVERSED";
inline constexpr absl::string_view kTimeInFuture = "TIME_IN_FUTURE";

// Of people.
inline constexpr absl::string_view kPersonRepeated = "PERSON_REPEATED";
inline constexpr absl::string_view kBirthInFuture = "BIRTH_IN_FUTURE";
inline constexpr absl::string_view kDeathInFuture = "DEATH_IN_FUTURE";
inline constexpr absl::string_view kDeathBeforeBirth = "DEATH_BEFORE_BIRTH";
inline constexpr absl::string_view kIdentifierSpaces = "IDENTIFIER_SPACES";
inline constexpr absl::string_view kIdentifierSystem = "IDENTIFIER_SYSTEM";
inline constexpr absl::string_view kUpnTemporary = "UPN_TEMPORARY";
inline constexpr absl::string_view kUpnNotTemporary = "UPN_NOT_TEMPORARY";
inline constexpr absl::string_view kUprnFormat = "UPRN_FORMAT";

// Of references and other values.
inline constexpr absl::string_view kEventIdFormat = "EVENT_ID_FORMAT";
inline constexpr absl::string_view kSubjectFormat = "SUBJECT_FORMAT";
inline constexpr absl::string_view kEntrySubjectFormat = "ENTRY_SUBJECT_FORMAT";
inline constexpr absl::string_view kSubjectForeign = "SUBJECT_FOREIGN";
inline constexpr absl::string_view kSha256Format = "SHA256_FORMAT";
inline constexpr absl::string_view kDecimalFormat = "DECIMAL_FORMAT";
inline constexpr absl::string_view kFieldPathFormat = "FIELD_PATH_FORMAT";
inline constexpr absl::string_view kFieldNotAmendable = "FIELD_NOT_AMENDABLE";
inline constexpr absl::string_view kFieldPathUnknown = "FIELD_PATH_UNKNOWN";

// Of questions.
inline constexpr absl::string_view kPageTokenMismatch = "PAGE_TOKEN_MISMATCH";
inline constexpr absl::string_view kPageTokenStale = "PAGE_TOKEN_STALE";
inline constexpr absl::string_view kIdentifierAmbiguous =
    "IDENTIFIER_AMBIGUOUS";

// Refusals of whole requests: the reason in google.rpc.ErrorInfo.
inline constexpr absl::string_view kInvalidRequest = "INVALID_REQUEST";
inline constexpr absl::string_view kRequestIdReused = "REQUEST_ID_REUSED";
inline constexpr absl::string_view kBatchTooLarge = "BATCH_TOO_LARGE";
inline constexpr absl::string_view kNotAuthorised = "NOT_AUTHORISED";
inline constexpr absl::string_view kTooMuchInFlight = "TOO_MUCH_IN_FLIGHT";
inline constexpr absl::string_view kLogUnreachable = "LOG_UNREACHABLE";
inline constexpr absl::string_view kAppendInDoubt = "APPEND_IN_DOUBT";
inline constexpr absl::string_view kProjectionBehind = "PROJECTION_BEHIND";
inline constexpr absl::string_view kDataLoss = "DATA_LOSS";

// Warnings in a receipt.
inline constexpr absl::string_view kIdentifierNotVerified =
    "IDENTIFIER_NOT_VERIFIED";
inline constexpr absl::string_view kIdentifierHolderNotStated =
    "IDENTIFIER_HOLDER_NOT_STATED";
inline constexpr absl::string_view kLocalTimeAmbiguous = "LOCAL_TIME_AMBIGUOUS";
inline constexpr absl::string_view kExpectedDatePassed = "EXPECTED_DATE_PASSED";

}  // namespace code

}  // namespace vigil::event

#endif  // VIGIL_LIBS_EVENT_CODES_H_
