"""Agrees with Vigil's vectors, as a client in Python would.

usage: check_vectors.py DESCRIPTOR_SET WIRE_FOLDER

The canonical encoding is walked here by field number, as libs/event/digest.h
says it, and not left to the library's deterministic mode.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import struct
import sys
import uuid

from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor as F

NAMESPACE = uuid.UUID("0d7c9b4e-6f1a-4a57-9c2b-5a3e8e1f7d60")


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return value << 1 ^ value >> 63


# Of each number: its wire type and how its value is written.
NUMBERS = {
    F.TYPE_INT32: (0, varint),
    F.TYPE_INT64: (0, varint),
    F.TYPE_UINT32: (0, varint),
    F.TYPE_UINT64: (0, varint),
    F.TYPE_SINT32: (0, lambda v: varint(zigzag(v))),
    F.TYPE_SINT64: (0, lambda v: varint(zigzag(v))),
    F.TYPE_BOOL: (0, lambda v: varint(int(v))),
    F.TYPE_ENUM: (0, varint),
    F.TYPE_FIXED32: (5, lambda v: struct.pack("<I", v)),
    F.TYPE_SFIXED32: (5, lambda v: struct.pack("<i", v)),
    F.TYPE_FIXED64: (1, lambda v: struct.pack("<Q", v)),
    F.TYPE_SFIXED64: (1, lambda v: struct.pack("<q", v)),
}


def tag(field, wire_type):
    return varint(field.number << 3 | wire_type)


def delimited(data):
    return varint(len(data)) + data


def one(field, value):
    if field.type in NUMBERS:
        wire_type, write = NUMBERS[field.type]
        return tag(field, wire_type) + write(value)
    if field.type == F.TYPE_MESSAGE:
        return tag(field, 2) + delimited(canonical(value))
    if field.type == F.TYPE_STRING:
        return tag(field, 2) + delimited(value.encode())
    if field.type == F.TYPE_BYTES:
        return tag(field, 2) + delimited(value)
    raise ValueError(f"{field.full_name} has no canonical encoding")


def canonical(message):
    out = b""
    fields = sorted(message.DESCRIPTOR.fields, key=lambda f: f.number)
    for field in fields:
        value = getattr(message, field.name)
        if field.label == F.LABEL_REPEATED:
            if field.type in NUMBERS:
                if value:
                    packed = b"".join(NUMBERS[field.type][1](v) for v in value)
                    out += tag(field, 2) + delimited(packed)
            else:
                out += b"".join(one(field, v) for v in value)
        elif field.has_presence:
            if message.HasField(field.name):
                out += one(field, value)
        elif value != field.default_value:
            out += one(field, value)
    return out


def digest(message):
    name = message.DESCRIPTOR.full_name.encode()
    return hashlib.sha256(name + b"\0" + canonical(message)).digest()


def parts_of(statement):
    """Of each part its field's number, its place in a list, and its digest."""
    parts = []
    for field, value in sorted(statement.ListFields(),
                               key=lambda pair: pair[0].number):
        if field.name == "validate_only":
            continue
        values = value if field.label == F.LABEL_REPEATED else [value]
        parts += [{"field": field.number, "index": index,
                   "digest": digest(each).hex()}
                  for index, each in enumerate(values)]
    return parts


def request_digest(parts):
    return hashlib.sha256(b"".join(
        struct.pack(">I", part["field"]) + bytes.fromhex(part["digest"])
        for part in parts)).hexdigest()


def join(*texts):
    """What every name is derived from: of each text its length and its bytes."""
    out = b""
    for text in texts:
        data = text if isinstance(text, bytes) else str(text).encode()
        out += struct.pack(">I", len(data)) + data
    return out


def uuid5(data):
    """uuid.uuid5 takes text only."""
    return str(uuid.UUID(
        bytes=hashlib.sha1(NAMESPACE.bytes + data).digest()[:16], version=5))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mac(secret, *texts):
    return base64url(hmac.new(secret, join(*texts), hashlib.sha256).digest())


def check_of(text):
    return base64url(hashlib.sha256(text.encode()).digest()[:3])


def is_reference(text):
    return (re.fullmatch(
        r"s1\.[phn]\.[0-9a-f]{8}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{4}", text)
        is not None and check_of(text[:-5]) == text[-4:])


def main():
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(
        pathlib.Path(sys.argv[1]).read_bytes())
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    folder = pathlib.Path(sys.argv[2])
    checked = 0
    wrong = []

    def expect(vector, field, actual):
        nonlocal checked
        checked += 1
        if vector[field] != actual:
            wrong.append(f"{vector.get('name', field)}: {actual}")

    def parsed(name, value):
        message = factory.GetPrototype(pool.FindMessageTypeByName(name))()
        json_format.ParseDict(value, message, descriptor_pool=pool)
        return message

    def expect_statement(vector, value):
        parts = parts_of(parsed("vigil.common.v1.Statement", value))
        expect(vector, "parts", parts)
        expect(vector, "digest", request_digest(parts))

    digests = json.loads((folder / "vectors/digests.json").read_text())
    for vector in digests["messages"]:
        message = parsed(vector["message"], vector["value"])
        expect(vector, "digest", digest(message).hex())
    for vector in digests["statements"]:
        expect_statement(vector, vector["statement"])
    golden = folder / "golden"
    for path in golden.glob("*/*.json"):
        example = folder / "examples" / path.relative_to(golden)
        vector = json.loads(path.read_text())
        if "digest" in vector and example.exists():
            expect_statement(vector, json.loads(example.read_text()))

    ids = json.loads((folder / "vectors/ids.json").read_text())
    key = ids["naming_key"]
    secret = bytes.fromhex(key["secret"])

    def reference(letter, *texts):
        text = f"s1.{letter}.{key['id']}.{mac(secret, *texts)}"
        return f"{text}.{check_of(text)}"

    expect(key, "check", mac(secret, "vigil naming key check", key["id"]))
    for v in ids["organisations"]:
        text = f"{v['scheme']}:{v['code']}"
        expect(v, "text", text)
        expect(v, "source", f"//vigil/{v['writer']}/{text}")
    for v in ids["event_ids"]:
        expect(v, "event_id", uuid5(join(
            v["source"], v["system"], v["request_id"], v["subject"], v["type"],
            v["ordinal"])))
    for v in ids["conversation_refs"]:
        expect(v, "conversation_ref", uuid5(join(
            "conversation", v["source"], v["system"], v["request_id"])))
    for v in ids["subjects"]:
        expect(v, "subject", reference(
            v["kind"][0], v["kind"], v["organisation"], v["system"],
            v["local_id"]))
    for v in ids["numbered"]:
        expect(v, "subject", reference(
            "n", f"{v['kind']} in a record", v["organisation"],
            v["record_system"], v["record_id"], v["number"]))
    for v in ids["references"]:
        expect(v, "valid", is_reference(v["text"]))
    for v in ids["requests"]:
        expect(v, "request_key", mac(
            secret, "request", v["source"], v["system"], v["request_id"]))
        expect(v, "request_digest", mac(
            secret, "digest", bytes.fromhex(v["digest"])))
    for v in ids["records"]:
        expect(v, "record", mac(
            secret, "record", v["organisation"], v["system"], v["id"]))

    print(f"{checked} vectors, {len(wrong)} wrong")
    for line in wrong:
        print(line)
    sys.exit(1 if wrong or checked < 300 else 0)


main()
