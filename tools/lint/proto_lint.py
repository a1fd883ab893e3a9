#!/usr/bin/python3
"""What every message of Vigil must keep, and buf has no rule for.

usage: proto_lint.py DESCRIPTOR_SET     (of protoc, with imports)

A fact can never be edited, so nothing in it may have a meaningful zero:

- no bool but `optional` ones, which an absent answer cannot be taken for;
- no number but `optional` ones, members of a oneof, and lists;
- the first value of an enum is *_UNSPECIFIED: not stated.

And a request must have one encoding, since its digest is kept for ever:

- no map, float, double or Any in what an rpc takes, at any depth.
"""

import sys

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as F

# Definitions that are not ours to change.
FOREIGN = ("google.", "io.cloudevents.v1.")

# Full name or field name -> why it may be.
ALLOWED = {
    "vigil.common.v1.Submission.validate_only":
        "how to treat the request, not what it says; outside the digest",
}

NUMBERS = {
    F.TYPE_DOUBLE, F.TYPE_FLOAT, F.TYPE_INT64, F.TYPE_UINT64, F.TYPE_INT32,
    F.TYPE_FIXED64, F.TYPE_FIXED32, F.TYPE_UINT32, F.TYPE_SFIXED32,
    F.TYPE_SFIXED64, F.TYPE_SINT32, F.TYPE_SINT64,
}


def walk(package, messages, enums):
    """Yields each message and enum with its full name, nested ones too."""
    for enum in enums:
        yield f"{package}.{enum.name}", enum
    for message in messages:
        name = f"{package}.{message.name}"
        yield name, message
        yield from walk(name, message.nested_type, message.enum_type)


def lint(files):
    faults = []
    messages = {}
    for file in files.file:
        for name, thing in walk(
                file.package, file.message_type, file.enum_type):
            if isinstance(thing, descriptor_pb2.DescriptorProto):
                messages[name] = thing
            elif not name.startswith(FOREIGN):
                first = thing.value[0]
                if first.number != 0 or not first.name.endswith("_UNSPECIFIED"):
                    faults.append(
                        f"{name}: its first value is not *_UNSPECIFIED = 0")

    for name, message in messages.items():
        # The entry of a map is a message that nobody wrote.
        if name.startswith(FOREIGN) or message.options.map_entry:
            continue
        for field in message.field:
            full_name = f"{name}.{field.name}"
            # `optional` is a oneof of one.
            has_presence = field.HasField("oneof_index")
            if (field.label == F.LABEL_REPEATED or has_presence or
                    full_name in ALLOWED):
                continue
            if field.type == F.TYPE_BOOL:
                faults.append(f"{full_name}: a bare bool; use Answer")
            elif field.type in NUMBERS:
                faults.append(
                    f"{full_name}: a bare number, whose absence is a zero;"
                    " make it optional")

    seen = set()

    def one_encoding(name):
        if name in seen:
            return
        seen.add(name)
        for field in messages[name].field:
            full_name = f"{name}.{field.name}"
            nested = field.type_name.lstrip(".")
            if field.type in (F.TYPE_FLOAT, F.TYPE_DOUBLE):
                faults.append(f"{full_name}: a binary fraction in a request")
            elif nested == "google.protobuf.Any":
                faults.append(f"{full_name}: an Any in a request")
            elif field.type == F.TYPE_MESSAGE:
                if messages[nested].options.map_entry:
                    faults.append(f"{full_name}: a map in a request")
                else:
                    one_encoding(nested)

    for file in files.file:
        for service in file.service:
            for method in service.method:
                one_encoding(method.input_type.lstrip("."))

    for name in ALLOWED:
        message, _, field = name.rpartition(".")
        if message in messages and not any(
                f.name == field for f in messages[message].field):
            faults.append(f"{name}: allowed, and does not exist")
    return faults


def main():
    if sys.argv[1:] in (["--help"], ["-h"]):
        print(__doc__.strip())
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1])
    with open(sys.argv[1], "rb") as file:
        faults = lint(
            descriptor_pb2.FileDescriptorSet.FromString(file.read()))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
