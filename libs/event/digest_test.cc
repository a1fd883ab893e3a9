#include "libs/event/digest.h"

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "libs/base/big_endian.h"
#include "vigil/common/v1/statement.pb.h"

namespace vigil::event {
namespace {

using google::protobuf::Message;
using google::protobuf::TextFormat;

// A message of every type that can be encoded, which no .proto of ours has.
class EveryType {
 public:
  EveryType() {
    google::protobuf::FileDescriptorProto file;
    const bool parsed = TextFormat::ParseFromString(
        R"pb(
          name: "every.proto"
          package: "every"
          syntax: "proto3"
          message_type {
            name: "Every"
            field {
              name: "z"
              number: 16
              type: TYPE_STRING
              label: LABEL_OPTIONAL
            }
            field {
              name: "i32"
              number: 1
              type: TYPE_INT32
              label: LABEL_OPTIONAL
            }
            field {
              name: "i64"
              number: 2
              type: TYPE_INT64
              label: LABEL_OPTIONAL
            }
            field {
              name: "u32"
              number: 3
              type: TYPE_UINT32
              label: LABEL_OPTIONAL
            }
            field {
              name: "u64"
              number: 4
              type: TYPE_UINT64
              label: LABEL_OPTIONAL
            }
            field {
              name: "s32"
              number: 5
              type: TYPE_SINT32
              label: LABEL_OPTIONAL
            }
            field {
              name: "s64"
              number: 6
              type: TYPE_SINT64
              label: LABEL_OPTIONAL
            }
            field {
              name: "f32"
              number: 7
              type: TYPE_FIXED32
              label: LABEL_OPTIONAL
            }
            field {
              name: "f64"
              number: 8
              type: TYPE_FIXED64
              label: LABEL_OPTIONAL
            }
            field {
              name: "g32"
              number: 9
              type: TYPE_SFIXED32
              label: LABEL_OPTIONAL
            }
            field {
              name: "g64"
              number: 10
              type: TYPE_SFIXED64
              label: LABEL_OPTIONAL
            }
            field { name: "b" number: 11 type: TYPE_BOOL label: LABEL_OPTIONAL }
            field {
              name: "e"
              number: 12
              type: TYPE_ENUM
              type_name: ".every.E"
              label: LABEL_OPTIONAL
            }
            field {
              name: "y"
              number: 13
              type: TYPE_BYTES
              label: LABEL_OPTIONAL
            }
            field {
              name: "m"
              number: 14
              type: TYPE_MESSAGE
              type_name: ".every.Every"
              label: LABEL_OPTIONAL
            }
            field {
              name: "rs"
              number: 21
              type: TYPE_SINT32
              label: LABEL_REPEATED
            }
            field {
              name: "rf"
              number: 22
              type: TYPE_FIXED32
              label: LABEL_REPEATED
            }
            field {
              name: "rb"
              number: 23
              type: TYPE_BOOL
              label: LABEL_REPEATED
            }
            field {
              name: "re"
              number: 24
              type: TYPE_ENUM
              type_name: ".every.E"
              label: LABEL_REPEATED
            }
            field {
              name: "rt"
              number: 25
              type: TYPE_STRING
              label: LABEL_REPEATED
            }
            field {
              name: "rm"
              number: 26
              type: TYPE_MESSAGE
              type_name: ".every.Every"
              label: LABEL_REPEATED
            }
            field {
              name: "validate_only"
              number: 27
              type: TYPE_BOOL
              label: LABEL_OPTIONAL
            }
            field {
              name: "o"
              number: 31
              type: TYPE_UINT32
              label: LABEL_OPTIONAL
              proto3_optional: true
              oneof_index: 0
            }
            field {
              name: "ob"
              number: 32
              type: TYPE_BOOL
              label: LABEL_OPTIONAL
              proto3_optional: true
              oneof_index: 1
            }
            oneof_decl { name: "_o" }
            oneof_decl { name: "_ob" }
          }
          enum_type {
            name: "E"
            value { name: "E_UNSPECIFIED" number: 0 }
            value { name: "E_ONE" number: 1 }
            value { name: "E_MINUS" number: -1 }
          })pb",
        &file);
    EXPECT_TRUE(parsed);
    descriptor_ = pool_.BuildFile(file)->FindMessageTypeByName("Every");
  }

  std::unique_ptr<Message> Make(const std::string& text) {
    std::unique_ptr<Message> message(factory_.GetPrototype(descriptor_)->New());
    EXPECT_TRUE(TextFormat::ParseFromString(text, message.get())) << text;
    return message;
  }

  std::string Encoded(const std::string& text) {
    return absl::BytesToHexString(CanonicalBytes(*Make(text)));
  }

 private:
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::Descriptor* descriptor_;
};

TEST(CanonicalBytes, WritesEachTypeAsTheWireFormatSays) {
  EveryType every;
  EXPECT_EQ(every.Encoded("i32: 150"), "089601");
  EXPECT_EQ(every.Encoded("i32: -1"), "08ffffffffffffffffff01");
  EXPECT_EQ(every.Encoded("i64: -2"), "10feffffffffffffffff01");
  EXPECT_EQ(every.Encoded("u32: 4294967295"), "18ffffffff0f");
  EXPECT_EQ(every.Encoded("u64: 18446744073709551615"),
            "20ffffffffffffffffff01");
  EXPECT_EQ(every.Encoded("s32: -2147483648"), "28ffffffff0f");
  EXPECT_EQ(every.Encoded("s32: 1"), "2802");
  EXPECT_EQ(every.Encoded("s64: -9223372036854775808"),
            "30ffffffffffffffffff01");
  EXPECT_EQ(every.Encoded("f32: 1"), "3d01000000");
  EXPECT_EQ(every.Encoded("f64: 258"), "410201000000000000");
  EXPECT_EQ(every.Encoded("g32: -2"), "4dfeffffff");
  EXPECT_EQ(every.Encoded("g64: -2"), "51feffffffffffffff");
  EXPECT_EQ(every.Encoded("b: true"), "5801");
  EXPECT_EQ(every.Encoded("e: E_MINUS"), "60ffffffffffffffffff01");
  EXPECT_EQ(every.Encoded("y: '\\000\\377'"), "6a0200ff");
  EXPECT_EQ(every.Encoded("z: 'a'"), "82010161");  // a tag of two bytes
}

TEST(CanonicalBytes, LeavesOutDefaultsWithoutPresenceOnly) {
  EveryType every;
  EXPECT_EQ(every.Encoded("i32: 0 b: false e: E_UNSPECIFIED z: '' y: ''"), "");
  EXPECT_EQ(every.Encoded("o: 0"), "f80100");
  EXPECT_EQ(every.Encoded("ob: false"), "800200");
  EXPECT_EQ(every.Encoded("m {}"), "7200");
  EXPECT_EQ(every.Encoded("rm {} rm {}"), "d20100d20100");
}

TEST(CanonicalBytes, PacksNumbersAndRepeatsTheRest) {
  EveryType every;
  EXPECT_EQ(every.Encoded("rs: [0, -1, 1]"), "aa0103000102");
  EXPECT_EQ(every.Encoded("rf: [1, 2]"), "b201080100000002000000");
  EXPECT_EQ(every.Encoded("rb: [true, false]"), "ba01020100");
  EXPECT_EQ(every.Encoded("re: [E_ONE, E_UNSPECIFIED]"), "c201020100");
  EXPECT_EQ(every.Encoded("rt: ['', 'a']"), "ca0100ca010161");
}

TEST(CanonicalBytes, GoesByNumberAndReadsBack) {
  EveryType every;
  const auto message = every.Make(
      "z: 'last' i32: 1 m { z: 'b' i32: 2 m { u64: 3 } } rs: [5] o: 0 "
      "rm { rt: 'x' e: E_ONE }");
  const std::string bytes = CanonicalBytes(*message);
  // A message without maps leaves the C++ library in this order too.
  EXPECT_EQ(bytes, message->SerializeAsString());
  const auto again = every.Make("");
  ASSERT_TRUE(again->ParseFromString(bytes));
  EXPECT_EQ(again->DebugString(), message->DebugString());
}

TEST(MessageDigest, IsOverNameZeroAndEncoding) {
  v1::Submission submission;
  EXPECT_EQ(MessageDigest(submission),
            Sha256(absl::string_view("vigil.event.v1.Submission\0", 26)));
  submission.set_request_id("a");
  EXPECT_EQ(MessageDigest(submission),
            Sha256(absl::string_view("vigil.event.v1.Submission\0\x0a\x01"
                                     "a",
                                     29)));
}

common::v1::Statement Parse(const std::string& text) {
  common::v1::Statement statement;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &statement));
  return statement;
}

TEST(RequestDigest, IsOverTheDigestsOfThePartsInTheOrderOfTheirNumbers) {
  const common::v1::Statement statement = Parse(R"pb(
    submission { request_id: "a" }
    about { note: "one" }
    about { note: "two" }
    account { headline: "h" }
    involved { note: "three" }
    place { name: "p" }
    concern_raised { needs: "n" }
  )pb");
  std::string bytes;
  const auto add = [&](uint32_t field,
                       const google::protobuf::Message& message) {
    AppendBigEndian32(bytes, field);
    bytes += std::string(AsBytes(MessageDigest(message)));
  };
  add(1, statement.submission());
  add(2, statement.about(0));
  add(2, statement.about(1));
  add(3, statement.account());
  add(4, statement.involved(0));
  add(7, statement.place());
  add(21, statement.concern_raised());
  EXPECT_EQ(RequestDigest(statement), Sha256(bytes));
}

TEST(RequestDigest, IsTheSameWhetherOnlyCheckedOrSent) {
  common::v1::Statement statement =
      Parse(R"pb(submission { request_id: "a" })pb");
  const Sha256Digest sent = RequestDigest(statement);
  statement.set_validate_only(true);
  EXPECT_EQ(RequestDigest(statement), sent);
}

TEST(RequestDigest, TellsContentPresenceActAndOrderApart) {
  common::v1::Statement statement;
  const Sha256Digest empty = RequestDigest(statement);
  statement.mutable_account();
  const Sha256Digest present = RequestDigest(statement);
  EXPECT_NE(present, empty);
  statement.mutable_account()->set_headline("\u00e9");  // one character
  const Sha256Digest composed = RequestDigest(statement);
  statement.mutable_account()->set_headline("e\u0301");  // the same, seen
  EXPECT_NE(RequestDigest(statement), composed);
  EXPECT_NE(RequestDigest(Parse("referral_confirmed {}")),
            RequestDigest(Parse("referral_acknowledged {}")));
  EXPECT_NE(RequestDigest(Parse(R"pb(about { note: "1" }
                                     about { note: "2" })pb")),
            RequestDigest(Parse(R"pb(about { note: "2" }
                                     about { note: "1" })pb")));
}

TEST(RequestDigest, AnExplicitZeroIsContent) {
  common::v1::Statement statement;
  auto* document = statement.mutable_account()->add_documents();
  const Sha256Digest absent = RequestDigest(statement);
  document->set_size_bytes(0);
  EXPECT_NE(RequestDigest(statement), absent);
}

// What enters the log is what was hashed: the generated code's bytes are those
// of the rules, for whatever a parser without unknown fields gives.
TEST(PartsOf, TheirBytesAreCanonical) {
  const common::v1::Statement statement = Parse(R"pb(
    submission {
      request_id: "a"
      organisation { scheme: "ods" code: "RXX" }
      history: ANSWER_YES
    }
    about {
      person { ref { number: 0 } }
      seen { seen: ANSWER_NO }
    }
    account {
      occurred { interval { since { date: "2020" } } }
      documents { size_bytes: 0 }
    }
    involved {
      ties {
        about: [ 0, 19 ]
        parental_responsibility: ANSWER_YES
      }
    }
    amends { fields: [ "a", "b" ] }
    informant { salt: "\001\000" }
    plan_stepped { reports_due { every_days: 28 } }
  )pb");
  const auto parts = PartsOf(statement);
  ASSERT_EQ(parts.size(), 7u);
  EXPECT_EQ(parts[0].bytes, CanonicalBytes(statement.submission()));
  EXPECT_EQ(parts[1].bytes, CanonicalBytes(statement.about(0)));
  EXPECT_EQ(parts[2].bytes, CanonicalBytes(statement.account()));
  EXPECT_EQ(parts[3].bytes, CanonicalBytes(statement.involved(0)));
  EXPECT_EQ(parts[4].bytes, CanonicalBytes(statement.amends()));
  EXPECT_EQ(parts[5].bytes, CanonicalBytes(statement.informant()));
  EXPECT_EQ(parts[6].bytes, CanonicalBytes(statement.plan_stepped()));
  EXPECT_EQ(parts[6].field, 44u);
}

TEST(RequestDigestDeathTest, WhatHasNoOneEncodingIsAMistakeInAProto) {
  google::protobuf::DoubleValue number;
  number.set_value(1);
  EXPECT_DEATH(CanonicalBytes(number), "float, double or group");
  google::protobuf::Any any;
  EXPECT_DEATH(CanonicalBytes(any), "Any");
  google::protobuf::Struct with_map;
  (*with_map.mutable_fields())["a"].set_bool_value(true);
  EXPECT_DEATH(CanonicalBytes(with_map), "map");
}

}  // namespace
}  // namespace vigil::event
