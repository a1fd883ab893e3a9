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
message PlantResponse {
  optional double rate = 1;
  string lambda = 2;
}
"""

# A further act, and what is wrong with it.
PLANTED_ACT = """
message ThingPlanted {
  Concept unnamed = 1;
  Concept misnamed = 2 [(vigil.event.v1.codes) = "planted"];
  string text = 3;
  bytes blob = 4;
  repeated string texts = 5 [(buf.validate.field).repeated.max_items = 2];
  repeated Concept list = 6 [(vigil.event.v1.codes) = "meeting"];
  Inner inner = 7;
}
message Inner {
  Person person = 1;
  Demographics demographics = 2;
  SubjectRef by = 3;
}
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
    "vigil.planted.v1.PlantResponse.lambda: a keyword of some language",
}

FOUND_IN_ACT = {
    "vigil.event.v1.ThingPlanted.unnamed: names no table of codes",
    "vigil.event.v1.ThingPlanted.misnamed: there is no table of codes planted",
    "vigil.event.v1.ThingPlanted.text: a text in a statement without limit",
    "vigil.event.v1.ThingPlanted.blob: a byte string in a statement without"
    " limit",
    "vigil.event.v1.ThingPlanted.texts: a text in a statement without limit",
    "vigil.event.v1.ThingPlanted.list: a list in a statement without limit",
    "vigil.event.v1.Inner.person: Person below an act; name them by SubjectRef",
    "vigil.event.v1.Inner.demographics: Demographics below an act; name them by"
    " SubjectRef",
}


class ProtosTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(ROOT / "proto", self.root / "proto")
        shutil.copytree(ROOT / "tools/lint", self.root / "tools/lint")
        shutil.copy(ROOT / "buf.yaml", self.root)
        concepts = self.root / "libs/event/CONCEPTS.md"
        concepts.parent.mkdir(parents=True)
        shutil.copy(ROOT / "libs/event/CONCEPTS.md", concepts)
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

    def test_every_fault_of_an_act_is_found(self):
        self.edit("event/v1/kinds.proto", "// How long this record is kept",
                  PLANTED_ACT + "\n// How long this record is kept")
        for file, package in (("event/v1/kinds.proto", ""),
                              ("common/v1/statement.proto", "vigil.event.v1.")):
            self.edit(file, "SettingsStated settings_stated = 107;",
                      "SettingsStated settings_stated = 107;"
                      f" {package}ThingPlanted thing_planted = 108;")
        status, output = self.lint()
        self.assertEqual(status, 1)
        lines = {line for line in output.splitlines()
                 if line.startswith("vigil.")}
        self.assertEqual(lines, FOUND_IN_ACT)

    def test_requirements_name_what_exists(self):
        path = self.root / "proto/REQUIREMENTS.md"
        path.write_text(
            path.read_text() + "| R0 | MAPPA | `Author.role` `Author.rank` `Planted`"
            " `strategy_discussion` `planted_code` `Stage.planted`;"
            " `PlanStepped.stage` STARTED, PLANTED; COMPLETED;"
            " `PlanStepped.type` SECTION_47 |\n")
        status, output = self.lint()
        self.assertEqual(status, 1)
        lines = path.read_text().count("\n")
        self.assertEqual(output.splitlines(), [
            f"proto/REQUIREMENTS.md:{lines}: there is no {name}"
            for name in ("Author.rank", "Planted", "planted_code", "Stage.planted",
                         "PlanStepped.stage PLANTED", "field for COMPLETED",
                         "PlanStepped.type SECTION_47")])

    def test_buf_lints(self):
        self.edit("event/v1/types.proto", "message NotKnown", "message not_known")
        self.edit("event/v1/types.proto", "  NotKnown not_known",
                  "  not_known not_known")
        status, output = self.lint()
        self.assertEqual(status, 1)
        self.assertIn("not_known", output)

    def test_a_field_of_another_type_breaks(self):
        self.edit("event/v1/types.proto", "  CodedTerm religion = 9;",
                  "  Person religion = 9;")
        self.assertEqual(self.lint(), (0, ""))
        status, output = self.lint("--breaking", "HEAD")
        self.assertEqual(status, 1)
        self.assertIn("religion", output)

    def test_a_field_that_is_gone_breaks(self):
        self.edit("event/v1/types.proto", "  CodedTerm religion = 9;",
                  "  reserved 9;")
        status, output = self.lint("--breaking", "HEAD")
        self.assertEqual(status, 1)
        self.assertIn("Demographics", output)

    def test_a_new_field_breaks_nothing(self):
        self.edit("event/v1/types.proto", "message NotKnown {}",
                  "message NotKnown {\n"
                  "  string why = 1 [(buf.validate.field).string.max_len = 9];\n"
                  "}")
        self.assertEqual(self.lint("--breaking", "HEAD"), (0, ""))

    def test_a_version_that_does_not_exist_is_no_pass(self):
        status, output = self.lint("--breaking", "no-such-branch")
        self.assertEqual(status, 1)
        self.assertIn("no-such-branch", output)


unittest.main()
