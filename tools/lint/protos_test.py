#!/usr/bin/python3
"""Proves that tools/lint/protos finds what it is for: faults are planted in a copy
of the repository's .proto files, and each must be found."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]

PLANTED = """
syntax = "proto3";
package vigil.planted.v1;
import "google/protobuf/any.proto";

service PlantedService {
  rpc Plant(PlantRequest) returns (PlantResponse);
}
enum Zero { ZERO_KNOWN = 0; }
message Deep {
  map<string, string> by_name = 1;
  float share = 2;
  google.protobuf.Any any = 3;
  bool seen = 4;
  uint32 age = 5;
  optional bool stated = 6;
  repeated uint32 ages = 7;
  oneof choice { int64 number = 8; }
}
message PlantRequest { repeated Deep deep = 1; }
message PlantResponse { optional double rate = 1; }
"""

FOUND = {
    "vigil.planted.v1.Zero: its first value is not *_UNSPECIFIED = 0",
    "vigil.planted.v1.Deep.seen: a bare bool; use Answer",
    "vigil.planted.v1.Deep.share: a bare number, whose absence is a zero;"
    " make it optional",
    "vigil.planted.v1.Deep.age: a bare number, whose absence is a zero;"
    " make it optional",
    "vigil.planted.v1.Deep.by_name: a map in a request",
    "vigil.planted.v1.Deep.share: a binary fraction in a request",
    "vigil.planted.v1.Deep.any: an Any in a request",
}


class ProtosTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(ROOT / "proto", self.root / "proto")
        shutil.copytree(ROOT / "tools/lint", self.root / "tools/lint")
        shutil.copy(ROOT / "buf.yaml", self.root)
        (self.root / "node_modules").symlink_to(ROOT / "node_modules")
        self.git("init", "-q")
        self.git("add", "proto")
        self.git("-c", "user.name=t", "-c", "user.email=t@example.org",
                 "-c", "commit.gpgsign=false", "commit", "-q", "-m", "before")

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.root, *arguments], check=True)

    def lint(self, *arguments):
        result = subprocess.run(
            [self.root / "tools/lint/protos", *arguments],
            capture_output=True, text=True, check=False)
        return result.returncode, result.stdout + result.stderr

    def edit(self, file, before, after):
        path = self.root / "proto/vigil" / file
        text = path.read_text()
        self.assertIn(before, text)
        path.write_text(text.replace(before, after))

    def test_what_is_there_passes(self):
        self.assertEqual(self.lint("--breaking", "HEAD"), (0, ""))

    def test_every_planted_fault_is_found(self):
        planted = self.root / "proto/vigil/planted/v1/planted.proto"
        planted.parent.mkdir(parents=True)
        planted.write_text(PLANTED)
        status, output = self.lint()
        self.assertEqual(status, 1)
        lines = {line for line in output.splitlines()
                 if line.startswith("vigil.")}
        self.assertEqual(lines, FOUND)

    def test_buf_lints(self):
        self.edit("event/v1/types.proto", "message NotKnown", "message not_known")
        self.edit("event/v1/types.proto", "  NotKnown not_known",
                  "  not_known not_known")
        status, output = self.lint()
        self.assertEqual(status, 1)
        self.assertIn("not_known", output)

    def test_a_field_of_another_type_breaks(self):
        self.edit("event/v1/types.proto", "optional uint64 size_bytes",
                  "optional int32 size_bytes")
        self.assertEqual(self.lint(), (0, ""))
        status, output = self.lint("--breaking", "HEAD")
        self.assertEqual(status, 1)
        self.assertIn("size_bytes", output)

    def test_a_field_that_is_gone_breaks(self):
        self.edit("event/v1/types.proto", "  string ask = 6;", "  reserved 6;")
        status, output = self.lint("--breaking", "HEAD")
        self.assertEqual(status, 1)
        self.assertIn("Document", output)

    def test_a_new_field_breaks_nothing(self):
        self.edit("event/v1/types.proto", "  string ask = 6;",
                  "  string ask = 6;\n  string language = 7;")
        self.assertEqual(self.lint("--breaking", "HEAD"), (0, ""))

    def test_a_version_that_does_not_exist_is_no_pass(self):
        status, output = self.lint("--breaking", "no-such-branch")
        self.assertEqual(status, 1)
        self.assertIn("no-such-branch", output)


unittest.main()
