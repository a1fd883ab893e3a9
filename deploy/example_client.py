#!/usr/bin/env python3
"""Sends one concern to Vigil's police service: what a client in any language does.

    python3 deploy/example_client.py ADDRESS                     plaintext, loopback
    python3 deploy/example_client.py ADDRESS CA CERTIFICATE KEY  TLS, as in production

Needs Debian's python3-grpcio, python3-protobuf and protobuf-compiler. Run twice with
one REQUEST_ID (environment) to see that a repeat gives the same receipt.
"""
import os
import subprocess
import sys
import tempfile
import time
import uuid

import grpc
from google.protobuf import json_format

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def generate(folder):
    """A real client does this once, when it is built."""
    protos = [
        "vigil/common/v1/statement.proto", "vigil/event/v1/event.proto",
        "vigil/event/v1/kinds.proto", "vigil/event/v1/parts.proto",
        "vigil/event/v1/rules.proto", "vigil/event/v1/types.proto",
        "buf/validate/validate.proto", "google/rpc/error_details.proto",
        "google/rpc/status.proto"
    ]
    subprocess.run(["protoc", "-I", os.path.join(ROOT, "proto"), "--python_out",
                    folder, *protos], check=True)
    sys.path.insert(0, folder)


def seconds_until_repeat(error, attempt):
    """None: a repeat does not help (the table in statement.proto)."""
    from google.rpc import error_details_pb2, status_pb2

    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            retry = error_details_pb2.RetryInfo()
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Unpack(retry):
                    return retry.retry_delay.ToTimedelta().total_seconds()
    if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        return 0.1 * 2**attempt
    return None


def main():
    if len(sys.argv) not in (2, 5):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        generate(folder)
        from vigil.common.v1 import statement_pb2 as common

        statement = json_format.ParseDict({
            "submission": {
                # Made by the sender, kept until there is a receipt.
                "requestId": os.environ.get("REQUEST_ID", str(uuid.uuid4())),
                "organisation": {"scheme": "police", "code": "99"},
                "author": {"role": "response officer", "dutyContact": "force control room"},
                "recordRef": {"system": "example", "id": "log-1"},
            },
            "about": [{
                "person": {"ref": {"localId": {"system": "example", "id": "000123"}}},
                "seen": {"seen": "ANSWER_YES", "ownWords": "I was waiting for tea"},
            }],
            "account": {
                "occurred": {"date": "2026-03-28"},
                "headline": "Young child found alone at home in the evening",
            },
            "concernRaised": {
                "urgency": "URGENCY_URGENT", "significantHarm": "ANSWER_NOT_KNOWN"},
        }, common.Statement())

        address = sys.argv[1]
        if len(sys.argv) == 5:
            ca, certificate, key = (open(path, "rb").read() for path in sys.argv[2:])
            channel = grpc.secure_channel(
                address, grpc.ssl_channel_credentials(ca, key, certificate))
        else:
            channel = grpc.insecure_channel(address)
        submit = channel.unary_unary(
            "/vigil.police.v1.PoliceService/Submit",
            request_serializer=common.Statement.SerializeToString,
            response_deserializer=common.Receipt.FromString)
        for attempt in range(5):
            try:
                receipt = submit(statement, timeout=10)
                break
            except grpc.RpcError as error:
                seconds = seconds_until_repeat(error, attempt)
                if seconds is None:
                    sys.exit(f"refused: {error.code().name}: {error.details()}")
                # Not taken, or in doubt: the same statement again, unchanged.
                time.sleep(seconds)
        else:
            sys.exit("in doubt: send the same statement again later")
        print(json_format.MessageToJson(receipt))


if __name__ == "__main__":
    main()
