"""Agrees with Vigil's vectors, as a client in Python would.

usage: check_vectors.py DESCRIPTOR_SET VECTORS_FOLDER

The canonical encoding is walked here by field number, as libs/event/digest.h
says it, and not left to the library's deterministic mode.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys
import uuid

from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor as F

EVENT_NAMESPACE = uuid.UUID("0d7c9b4e-6f1a-4a57-9c2b-5a3e8e1f7d60")
CONVERSATION_NAMESPACE = uuid.UUID("b8c1f6a2-3e54-4d09-8a77-1c9d0e2b6f43")


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
        if field.name == "validate_only":
            continue
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
    return hashlib.sha256(name + b"\0" + canonical(message)).hexdigest()


def parts(*texts):
    out = b""
    for text in texts:
        data = str(text).encode()
        out += struct.pack(">I", len(data)) + data
    return out


def uuid5(namespace, data):
    """uuid.uuid5 takes text only."""
    return str(uuid.UUID(
        bytes=hashlib.sha1(namespace.bytes + data).digest()[:16], version=5))


def mac(secret, data):
    value = hmac.new(secret, data, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


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

    for vector in json.loads((folder / "digests.json").read_text())["digests"]:
        message = factory.GetPrototype(
            pool.FindMessageTypeByName(vector["message"]))()
        json_format.ParseDict(vector["request"], message)
        if "inner" in vector:
            inner = message.DESCRIPTOR.fields_by_camelcase_name[vector["inner"]]
            message = getattr(message, inner.name)
        expect(vector, "digest", digest(message))

    ids = json.loads((folder / "ids.json").read_text())
    key = ids["naming_key"]
    secret = bytes.fromhex(key["secret"])
    expect(key, "check", mac(secret, parts("vigil naming key check", key["id"])))
    for v in ids["organisations"]:
        text = f"{v['scheme']}:{v['code']}"
        expect(v, "text", text)
        expect(v, "source", f"//vigil/{v['writer']}/{text}")
    for v in ids["event_ids"]:
        expect(v, "event_id", uuid5(EVENT_NAMESPACE, parts(
            v["source"], v["system"], v["request_id"], v["subject"], v["type"],
            v["ordinal"])))
    for v in ids["conversation_refs"]:
        expect(v, "conversation_ref", uuid5(CONVERSATION_NAMESPACE, parts(
            v["source"], v["system"], v["request_id"])))
    for v in ids["subjects"]:
        expect(v, "subject", f"s1.{v['kind']}.{key['id']}." + mac(secret, parts(
            "local id", v["kind"], v["organisation"], v["system"],
            v["local_id"])))
    for v in ids["persons_of_records"]:
        expect(v, "subject", f"s1.{v['kind']}.{key['id']}." + mac(secret, parts(
            "person of a record", v["kind"], v["organisation"],
            v["record_system"], v["record_id"], v["person_number"])))
    for v in ids["requests"]:
        expect(v, "request_key", mac(secret, parts(
            v["source"], v["system"], v["request_id"])))
        expect(v, "request_digest", mac(secret, bytes.fromhex(v["digest"])))

    print(f"{checked} vectors, {len(wrong)} wrong")
    for line in wrong:
        print(line)
    sys.exit(1 if wrong or checked < 30 else 0)


main()
