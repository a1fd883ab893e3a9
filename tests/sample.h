// Messages with something in every field, for tests that ask whether anything
// is lost on the way.
#ifndef VIGIL_TESTS_SAMPLE_H_
#define VIGIL_TESTS_SAMPLE_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace vigil {

// Fills every field of the message to the given depth: texts with words that
// are all different ("w17"), numbers with 7, enums with their last value, lists
// with two elements, a oneof with its first member. Returns the words.
std::vector<std::string> FillWithWords(google::protobuf::Message* message,
                                       int depth = 6);

}  // namespace vigil

#endif  // VIGIL_TESTS_SAMPLE_H_
