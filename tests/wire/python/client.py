"""Says every example to Vigil, as a client in Python would.

usage: client.py WIRE_FOLDER ADDRESS

With what protoc and gRPC's plugin make of the .proto files, and nothing else of
Vigil. Each good example is said alone, in a batch and in a stream, and each time
answered by the receipt that golden/ holds; each one in refused/ by its
violations.
"""

import collections
import importlib
import json
import pathlib
import sys

from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2
import grpc
from vigil.common.v1 import statement_pb2

WIRE = pathlib.Path(sys.argv[1])
CHANNEL = grpc.insecure_channel(sys.argv[2])

checked = 0
wrong = 0


def expect(name, expected, actual):
    global checked, wrong
    checked += 1
    if expected != actual:
        wrong += 1
        print(f"{name}: expected\n{expected}\nnot\n{actual}")


def stub_of(writer):
    module = f"vigil.{writer}.v1.{writer}_pb2"
    (service,) = importlib.import_module(module).DESCRIPTOR.services_by_name
    grpc_module = importlib.import_module(f"{module}_grpc")
    return getattr(grpc_module, f"{service}Stub")(CHANNEL)


def read(path):
    return json.loads(path.read_text())


def unplaced(receipt):
    """Where an event lies in the log is this node's own affair."""
    for event in receipt.events:
        event.ClearField("position")
    return receipt


def violations(details):
    bad = error_details_pb2.BadRequest()
    for detail in details:
        if detail.Unpack(bad):
            return sorted((v.field, v.reason) for v in bad.field_violations)
    return details


def say_examples():
    said = collections.defaultdict(list)
    for path in sorted((WIRE / "examples").glob("*/*.json")):
        name = path.relative_to(WIRE / "examples")
        if name.parts[0] == "refused":
            continue
        golden = read(WIRE / "golden" / name)
        statement = json_format.ParseDict(read(path), statement_pb2.Statement())
        receipt = json_format.ParseDict(golden["receipt"],
                                        statement_pb2.Receipt())
        said[golden["writer"]].append((str(name), statement, receipt))
    for writer, examples in said.items():
        stub = stub_of(writer)
        for name, statement, receipt in examples:
            expect(name, receipt, unplaced(stub.Submit(statement, timeout=30)))
        statements = [statement for _, statement, _ in examples]
        batch = stub.SubmitBatch(
            statement_pb2.SubmitBatchRequest(statements=statements), timeout=30)
        expect(f"batch of {writer}", len(examples), len(batch.outcomes))
        for (name, _, receipt), outcome in zip(examples, batch.outcomes):
            expect(f"{name} in a batch", receipt, unplaced(outcome.receipt))
        outcomes = {o.index: o.outcome
                    for o in stub.SubmitStream(iter(statements), timeout=30)}
        for index, (name, _, receipt) in enumerate(examples):
            expect(f"{name} in a stream", receipt,
                   unplaced(outcomes[index].receipt))


def say_what_is_refused():
    for path in sorted((WIRE / "examples/refused").glob("*.json")):
        refused = read(path)
        statement = json_format.ParseDict(refused["statement"],
                                          statement_pb2.Statement())
        expected = sorted((v["field"], v["code"])
                          for v in refused["violations"])
        try:
            stub_of(refused["writer"]).Submit(statement, timeout=30)
            actual = "it was taken"
        except grpc.RpcError as error:
            status = status_pb2.Status.FromString(
                dict(error.trailing_metadata())["grpc-status-details-bin"])
            expect(path.stem, grpc.StatusCode.INVALID_ARGUMENT, error.code())
            actual = violations(status.details)
        expect(path.stem, expected, actual)


say_examples()
say_what_is_refused()
print(f"{checked} answers, {wrong} wrong")
sys.exit(1 if wrong or checked < 400 else 0)
