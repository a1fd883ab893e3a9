#!/usr/bin/python3
"""deploy/example_client.py, told each kind of answer by a service that is none.

Usage: example_client_test.py CLIENT
"""

import concurrent.futures
import importlib.util
import subprocess
import sys
import tempfile
import unittest

import grpc

CLIENT = sys.argv.pop()


class ExampleClient(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        sys.dont_write_bytecode = True
        spec = importlib.util.spec_from_file_location("client", CLIENT)
        client = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(client)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        client.generate(folder.name)

    def run_client(self, *answers):
        """The client's exit code, what it said, and the requests it made."""
        from vigil.common.v1 import statement_pb2 as common

        requests = []

        def answer(request, context):
            requests.append(request)
            code, details = answers[len(requests) - 1]
            if code is None:
                return common.Receipt(
                    request_id=request.submission.request_id)
            if details:
                context.set_trailing_metadata(
                    (("grpc-status-details-bin", details),))
            return context.abort(code, "no")

        server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
        server.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler(
                "vigil.police.v1.PoliceService", {
                    "Submit": grpc.unary_unary_rpc_method_handler(
                        answer, common.Statement.FromString,
                        common.Receipt.SerializeToString)
                }),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        done = subprocess.run(
            [sys.executable, CLIENT, f"127.0.0.1:{port}"], text=True,
            capture_output=True, check=False)
        server.stop(None)
        return done.returncode, done.stdout + done.stderr, requests

    def test_repeats_unchanged_what_may_be_repeated(self):
        from google.rpc import error_details_pb2, status_pb2

        status = status_pb2.Status(code=8)
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(1)
        status.details.add().Pack(error_details_pb2.ErrorInfo())
        status.details.add().Pack(retry)
        code, said, requests = self.run_client(
            (grpc.StatusCode.RESOURCE_EXHAUSTED, status.SerializeToString()),
            (grpc.StatusCode.UNAVAILABLE, None), (None, None))
        self.assertEqual(code, 0, said)
        self.assertEqual(len(requests), 3)
        self.assertEqual(requests, [requests[0]] * 3)
        self.assertIn(requests[0].submission.request_id, said)

    def test_stops_where_a_repeat_does_not_help(self):
        for refusal in (grpc.StatusCode.RESOURCE_EXHAUSTED,  # too large
                        grpc.StatusCode.INVALID_ARGUMENT):
            code, said, requests = self.run_client((refusal, None))
            self.assertEqual(code, 1)
            self.assertIn(f"refused: {refusal.name}", said)
            self.assertEqual(len(requests), 1)


if __name__ == "__main__":
    unittest.main()
