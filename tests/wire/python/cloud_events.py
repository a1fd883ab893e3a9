"""Reads Vigil's records with the CloudEvents SDK, as a Kafka consumer would.

usage: cloud_events.py WIRE_FOLDER

The SDK decides by a record's headers whether it is in structured or in binary
mode; it has no format for protobuf, so the few lines are here that a consumer
would write. In the mode that is not meant the SDK takes the whole event for the
data of another, and says nothing: that is what is tested here.
"""

import base64
import datetime
import json
import pathlib
import sys

from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent
import cloudevents_pb2


class ProtobufFormat:
    """application/cloudevents+protobuf."""

    def read(self, event_factory, data):
        event = cloudevents_pb2.CloudEvent.FromString(data)
        attributes = {"id": event.id, "source": event.source,
                      "specversion": event.spec_version, "type": event.type}
        for name, value in event.attributes.items():
            kind = value.WhichOneof("attr")
            attributes[name] = getattr(value, kind)
            if kind == "ce_timestamp":
                attributes[name] = value.ce_timestamp.ToDatetime(
                    datetime.timezone.utc)
        return (event_factory or CloudEvent)(attributes, event.binary_data)

    def read_data(self, body, datacontenttype):
        return body

    def get_content_type(self):
        return "application/cloudevents+protobuf"


def message_of(record):
    return kafka.KafkaMessage(
        headers={name: value.encode()
                 for name, value in record["headers"].items()},
        key=record["key"], value=base64.b64decode(record["value"]))


def check(record):
    message = message_of(record)
    says = record["says"]
    event = kafka.from_kafka(message, ProtobufFormat())
    data = cloudevents_pb2.CloudEvent.FromString(message.value).binary_data
    expected = {
        "id": says["id"],
        "source": says["source"],
        "specversion": "1.0",
        "type": says["type"],
        "subject": says["subject"] or None,
        "time": says["time"].replace("Z", "+00:00"),
        "datacontenttype": "application/protobuf",
        "dataschema": "proto:vigil.event.v1.Sections",
        "partitionkey": says["partitionkey"],
        "requestindex": says["requestindex"] if says["requestkey"] else None,
        "requestcount": says["requestcount"] or None,
        "requestkey": says["requestkey"] or None,
        "requestdigest": says["requestdigest"] or None,
    }
    attributes = event.get_attributes()
    actual = {name: attributes.get(name) for name in expected}
    actual["time"] = actual["time"].isoformat(timespec="milliseconds")
    assert actual == expected, f"{expected}\nnot\n{actual}"
    assert event.get_data() == data
    assert record["headers"]["content-type"] == (
        ProtobufFormat().get_content_type())


def main():
    records = []
    for path in sorted((pathlib.Path(sys.argv[1]) / "golden").glob("*/*.json")):
        records += json.loads(path.read_text())["records"]
    for record in records:
        check(record)
    # The trap that the names of Vigil's headers keep clear of.
    trap = records[0]
    trap["headers"] |= {f"ce_{name}": trap["says"][name]
                        for name in ("id", "source", "type")}
    trap["headers"]["ce_specversion"] = "1.0"
    taken = kafka.from_kafka(message_of(trap), ProtobufFormat())
    assert taken.get_data() == base64.b64decode(trap["value"])
    print(f"{len(records)} records are CloudEvents in structured mode")
    sys.exit(0 if len(records) > 150 else 1)


main()
