// The one encoding under every derived id: a list of byte strings as one byte
// string, so that two different lists never give the same bytes.
//
//   EncodeParts({"ab", "c"})  ->  00000002 "ab" 00000001 "c"
//   EncodeParts({"a", "bc"})  ->  00000001 "a" 00000002 "bc"
//
// Each part is its length as 4 bytes, highest first, and then its bytes.
// Joining with a separator instead would let a value that holds the separator
// make the id of another fact. These bytes enter event ids for ever: they never
// change.
//
// Threads: safe. Failure: a part of 4 GiB or more aborts.
#ifndef VIGIL_LIBS_BASE_PARTS_H_
#define VIGIL_LIBS_BASE_PARTS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace vigil {

std::string EncodeParts(absl::Span<const absl::string_view> parts);

}  // namespace vigil

#endif  // VIGIL_LIBS_BASE_PARTS_H_
