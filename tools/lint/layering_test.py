#!/usr/bin/env python3
"""tools/lint/layering finds each kind of fault, planted one at a time.

Usage: layering_test.py LAYERING
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

LAYERING = pathlib.Path(sys.argv.pop())

# A small tree without a fault.
CLEAN = {
    "libs/CMakeLists.txt": "add_subdirectory(base)",
    "libs/base/README.md": "base",
    "libs/base/CMakeLists.txt": "SOURCES hash.cc hash_test.cc",
    "libs/base/hash.h": "#include <string>\n",
    "libs/base/hash.cc":
        '#include "libs/base/hash.h"\n#include <openssl/evp.h>\n',
    "libs/base/hash_test.cc": '#include "gtest/gtest.h"\n',
    "libs/projection/README.md": "projection",
    "libs/projection/CMakeLists.txt": "SOURCES database.cc index.cc",
    "libs/projection/index.h": "#include <string>\n",
    "libs/projection/index.cc": '#include "libs/projection/database.h"\n',
    "libs/projection/database.h": '#include "rocksdb/db.h"\n',
    "libs/projection/database.cc": '#include "libs/projection/database.h"\n',
    "services/CMakeLists.txt": "add_executable(police writer_main.cc)",
    "services/writers.h": '#include "libs/service/writer.h"\n',
    "services/writer_main.cc": '#include "services/writers.h"\n',
    "services/police/README.md": "police",
    "services/node/README.md": "node",
    "services/node/CMakeLists.txt": "add_executable(node main.cc)",
    "services/node/main.cc":
        '#include "services/chronology/chronology.h"\n'
        '#include "services/writers.h"\n',
    "proto/vigil/common/v1/statement.proto": "",
    "tests/contract/CMakeLists.txt": "SOURCES suite.cc",
    "tests/contract/suite.cc": '#include "rocksdb/db.h"\n',
}

# What is planted, and what must be said of it.
FAULTS = {
    "base knows another library of ours": (
        {"libs/base/hash.h": '#include "libs/event/seal.h"\n'},
        "libs/base/hash.h:1: libs/event/seal.h: libs/base must not know "
        "libs/event"),
    "an event knows of disks": (
        {"libs/event/README.md": "", "libs/event/CMakeLists.txt": "seal.cc",
         "libs/event/seal.cc": "#include <fstream>\n"},
        "libs/event must not know files"),
    "a rule looks at the clock": (
        {"libs/safeguarding/README.md": "",
         "libs/safeguarding/due.h": '#include "absl/time/clock.h"\n'},
        "libs/safeguarding must not know clock"),
    "a rule reads a file of ours": (
        {"libs/safeguarding/README.md": "",
         "libs/safeguarding/due.h": '#include "libs/base/atomic_file.h"\n'},
        "libs/safeguarding must not know files"),
    "a rule reads a key": (
        {"libs/safeguarding/README.md": "",
         "libs/safeguarding/due.h":
             '#include "libs/event/naming_key_file.h"\n'},
        "libs/safeguarding must not know files"),
    "a way round to another library": (
        {"libs/safeguarding/README.md": "",
         "libs/safeguarding/due.h": '#include "libs/base/../eventlog/a.h"\n'},
        "a header is named from the root"),
    "the log knows what the bytes mean": (
        {"libs/eventlog/README.md": "",
         "libs/eventlog/topics.h": '#include "vigil/event/v1/kinds.pb.h"\n'},
        "libs/eventlog must not know vigil/event"),
    "Kafka's library outside of its files": (
        {"libs/eventlog/README.md": "", "libs/eventlog/CMakeLists.txt": "a.cc",
         "libs/eventlog/a.cc": "#include <librdkafka/rdkafka.h>\n"},
        "libs/eventlog must not know librdkafka"),
    "RocksDB in a service": (
        {"services/node/main.cc": '#include "rocksdb/db.h"\n'},
        "services/node must not know rocksdb"),
    "gRPC in a header of all": (
        {"libs/service/README.md": "",
         "libs/service/server.h": "#include <grpcpp/server.h>\n"},
        "libs/service must not know grpc"),
    "gRPC by way of generated code": (
        {"services/node/main.cc":
             '#include "vigil/police/v1/police.grpc.pb.h"\n'},
        "services/node must not know grpc"),
    "a C library in a header": (
        {"libs/base/hash.h": "#include <openssl/evp.h>\n"},
        "libs/base must not know openssl"),
    "a library's types leave their folder": (
        {"services/chronology/README.md": "",
         "services/chronology/view.h":
             '#include "libs/projection/database.h"\n'},
        "only its own folder includes it"),
    "a library's types in a header that others include": (
        {"libs/projection/index.h": '#include "libs/projection/database.h"\n'},
        "a header that others include must not include it"),
    "a program knows one writer from another": (
        {"services/writer_main.cc": '#include "vigil/police/v1/police.pb.h"\n'},
        "services/writer_main.cc must not know vigil/police"),
    "a writer has code of its own": (
        {"services/police/CMakeLists.txt": "SOURCES words.cc",
         "services/police/words.cc": '#include "libs/service/writer.h"\n'},
        "services/police must not know libs/service"),
    "a reader knows the writers": (
        {"services/chronology/README.md": "",
         "services/chronology/view.h": '#include "services/writers.h"\n'},
        "services/chronology must not know writers"),
    "a library knows the writers": (
        {"libs/service/README.md": "",
         "libs/service/server.h": '#include "services/writers.h"\n'},
        "libs/service must not know writers"),
    "a service knows a tool": (
        {"services/node/main.cc": '#include "tools/vigil/commands.h"\n'},
        "services/node must not know tools/vigil"),
    "the program uses what tests share": (
        {"services/node/main.cc": '#include "tests/temporary_folder.h"\n'},
        "services/node must not know tests"),
    "a library that nobody has placed": (
        {"libs/base/hash.cc": "#include <curl/curl.h>\n"},
        "whose header is this?"),
    "a folder called util": (
        {"libs/base/util/text.h": ""}, "libs/base/util: no folder is called"),
    "a proto package called shared": (
        {"proto/vigil/shared/v1/a.proto": ""}, "no folder is called"),
    "a test that nothing builds": (
        {"libs/base/text_test.cc": ""},
        "libs/base/text_test.cc: is in no CMakeLists.txt"),
    "a test that is only in a comment": (
        {"libs/base/CMakeLists.txt": "SOURCES hash.cc # hash_test.cc"},
        "libs/base/hash_test.cc: is in no CMakeLists.txt"),
    "another file's name that ends alike": (
        {"libs/base/CMakeLists.txt": "SOURCES my_hash.cc hash_test.cc"},
        "libs/base/hash.cc: is in no CMakeLists.txt"),
    "a library that does not say what it is for": (
        {"libs/base/README.md": None}, "libs/base: has no README.md"),
    "a writer that does not say what it is": (
        {"services/police/README.md": None, "services/police/notes.txt": ""},
        "services/police: has no README.md"),
}
# What a rule must not know: <NAME> is of this group.
for name, group in {"chrono": "clock", "ctime": "clock", "cstdio": "files",
                    "fstream": "files", "iostream": "files",
                    "random": "random"}.items():
    FAULTS[f"a rule includes <{name}>"] = (
        {"libs/safeguarding/README.md": "",
         "libs/safeguarding/due.h": f"#include <{name}>\n"},
        f"libs/safeguarding must not know {group}")


def lint(tree):
    with tempfile.TemporaryDirectory() as name:
        for path, text in tree.items():
            if text is None:
                continue
            file = pathlib.Path(name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        done = subprocess.run([sys.executable, LAYERING, name], text=True,
                              capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Layering(unittest.TestCase):

    def test_a_clean_tree_passes(self):
        code, said = lint(CLEAN)
        self.assertEqual(code, 0, said)

    def test_an_empty_tree_does_not_pass(self):
        code, _ = lint({"README.md": ""})
        self.assertEqual(code, 1)

    def test_each_planted_fault_is_found_and_nothing_else(self):
        for name, (planted, expected) in FAULTS.items():
            with self.subTest(name):
                code, said = lint({**CLEAN, **planted})
                self.assertEqual(code, 1, said)
                self.assertIn(expected, said)
                self.assertIn(" 1 fault(s)", said)


if __name__ == "__main__":
    unittest.main()
