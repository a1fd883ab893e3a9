// Messages with something in every field, for tests that ask whether anything
// is lost on the way.
#ifndef VIGIL_TESTS_SAMPLE_H_
#define VIGIL_TESTS_SAMPLE_H_

#include <functional>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace vigil {

// Fills every field of the message to the given depth: texts with words that
// are all different ("w17"), numbers with 7, enums with their last value, lists
// with two elements, a oneof with its first member. Returns the words.
std::vector<std::string> FillWithWords(google::protobuf::Message* message,
                                       int depth = 6);

// Gives every enum that the message holds each of its other values in turn,
// every number and text another, and every oneof each of its other members;
// calls `varied` each time with the path of what differs ("contact.attendance")
// and puts it back. Of a list of messages the last is varied. A part for which
// `skip` is true is left alone.
void VaryEach(google::protobuf::Message* message,
              const std::function<bool(const google::protobuf::Message&)>& skip,
              const std::function<void(const std::string& path)>& varied);

}  // namespace vigil

#endif  // VIGIL_TESTS_SAMPLE_H_
