#!/usr/bin/python3
"""What every message of Vigil must keep, and buf has no rule for.

usage: proto_lint.py DESCRIPTOR_SET ROOT

The set is protoc's, with imports. In ROOT, libs/event/CONCEPTS.md has a heading for
each table of published codes, and proto/REQUIREMENTS.md names fields and codes.

A fact can never be edited, so nothing in it may have a meaningful zero:

- no bool but `optional` ones, which an absent answer cannot be taken for;
- no number but `optional` ones, members of a oneof, and lists;
- the first value of an enum is *_UNSPECIFIED: not stated.

A request must have one encoding, since its digest is kept for ever:

- no map, float, double or Any in what an rpc takes, at any depth.

A statement comes from outside and stays, so all of it has limits, words that
rules can hold, and people where they can be found and forgotten:

- every text, byte string and list in what a writer takes has its longest length;
- every Concept in a fact names its table of published codes, and the table exists;
- no person or household is described below an act: only named (SubjectRef).

Whoever reads it does so in a language with words of its own:

- no field is called as a keyword of Python, C++, Java, C# or Go.

And what is written of it is so:

- each message, field and code that REQUIREMENTS.md names exists, and each value in
  capitals is one of the enum of the field before it.
"""

import keyword
import pathlib
import re
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as F

# Definitions that are not ours to change.
FOREIGN = ("buf.validate.", "google.", "io.cloudevents.v1.")

# Full name or field name -> why it may be.
ALLOWED = {
    "vigil.common.v1.Statement.validate_only":
        "how to treat the request, not what it says; outside the digest",
}

NUMBERS = {
    F.TYPE_DOUBLE, F.TYPE_FLOAT, F.TYPE_INT64, F.TYPE_UINT64, F.TYPE_INT32,
    F.TYPE_FIXED64, F.TYPE_FIXED32, F.TYPE_UINT32, F.TYPE_SFIXED32,
    F.TYPE_SFIXED64, F.TYPE_SINT32, F.TYPE_SINT64,
}

STATEMENT = "vigil.common.v1.Statement"
FACTS = "vigil.event.v1."
CONCEPT = "vigil.event.v1.Concept"
# Who is described in them stands in a statement's `about` and `involved`, and so
# in a section of the event that can be sealed and forgotten alone.
DESCRIBED = {f"vigil.event.v1.{name}" for name in (
    "About", "Demographics", "Household", "Informant", "Involved", "Person")}

KEYWORDS = set(keyword.kwlist) | set("""
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char
    char8_t char16_t char32_t class co_await co_return co_yield compl concept
    const const_cast consteval constexpr constinit continue decltype default
    delete do double dynamic_cast else enum explicit export extern false float
    for friend goto if inline int long mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register
    reinterpret_cast requires return short signed sizeof static static_assert
    static_cast struct switch template this thread_local throw true try typedef
    typeid typename union unsigned using virtual void volatile wchar_t while xor
    xor_eq

    abstract assert boolean byte extends final finally implements import
    instanceof interface native null package strictfp super synchronized throws
    transient

    as base checked decimal delegate event fixed foreach implicit in internal
    is lock object out override params readonly ref sbyte sealed stackalloc
    string uint ulong unchecked unsafe ushort

    chan defer fallthrough func go map range select type var
""".split())
# Words that a generator changes in none of them, and that say best what is meant.
KEYWORDS -= {"event", "object", "ref", "type"}


def walk(package, messages, enums):
    """Yields each message and enum with its full name, nested ones too."""
    for enum in enums:
        yield f"{package}.{enum.name}", enum
    for message in messages:
        name = f"{package}.{message.name}"
        yield name, message
        yield from walk(name, message.nested_type, message.enum_type)


class Rules:
    """The options of fields that this lint looks at."""

    def __init__(self, files, serialized):
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        factory = message_factory.MessageFactory(pool)
        options = pool.FindMessageTypeByName("google.protobuf.FieldOptions")
        self.options = factory.GetPrototype(options)
        # What an extension holds must be a message of the same pool.
        for name in serialized:
            factory.GetPrototype(pool.FindMessageTypeByName(name))
        self.codes_of = pool.FindExtensionByName("vigil.event.v1.codes")
        self.validate = pool.FindExtensionByName("buf.validate.field")

    def _options(self, field):
        return self.options.FromString(field.options.SerializeToString())

    def codes(self, field):
        return self._options(field).Extensions[self.codes_of]

    def unlimited(self, field):
        """What of a field has no longest length: "text", "list" ..."""
        rules = self._options(field).Extensions[self.validate]
        found = []
        if field.label == F.LABEL_REPEATED:
            if not rules.repeated.HasField("max_items"):
                found.append("list")
            rules = rules.repeated.items
        if field.type == F.TYPE_STRING and not rules.string.HasField("max_len"):
            found.append("text")
        if field.type == F.TYPE_BYTES and not rules.bytes.HasField("max_len"):
            found.append("byte string")
        return found


def published(text):
    """The codes of each table of CONCEPTS.md, by its name."""
    tables = {}
    codes = None
    for line in text.splitlines():
        if heading := re.fullmatch(r"## ([a-z][a-z0-9_]*)", line):
            codes = tables.setdefault(heading[1], set())
        elif (code := re.match(r"\| `([a-z0-9_]+)` \|", line)) and codes is not None:
            codes.add(code[1])
    return tables


def values_of(name, enum):
    """What the values of an enum are called without its name before them."""
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_",
                    name.rpartition(".")[2]).upper() + "_"
    return {value.name.removeprefix(prefix) for value in enum.value}


def lint_requirements(text, files, tables):
    fields = {}  # message without its package -> its fields -> their types
    enums = {}  # full name -> values
    for file in files.file:
        if not file.package.startswith("vigil."):
            continue
        for name, thing in walk("", file.message_type, file.enum_type):
            if isinstance(thing, descriptor_pb2.EnumDescriptorProto):
                enums[f".{file.package}{name}"] = values_of(name, thing)
            else:
                fields.setdefault(name[1:], {}).update(
                    (field.name, field.type_name) for field in thing.field)
    codes = set(tables).union(*tables.values())
    for number, line in enumerate(text.splitlines(), 1):
        # What a row says stands in its third cell; the second is a title, where
        # capitals are abbreviations.
        title = re.match(r"\| [^|]* \| [^|]* \|", line)
        before = None  # the field that was named last, in this part of the line
        for found in re.finditer(
                r"`(\w+(?:\.\w+)?)`|\b([A-Z][A-Z_]*[A-Z][A-Z0-9_]*)\b|(;)", line):
            named, value, _ = found.groups()
            where = f"proto/REQUIREMENTS.md:{number}: there is no "
            if named:
                message, _, field = named.partition(".")
                if named[0].islower():
                    exists = field == "proto" or named in codes
                else:
                    exists = message in fields and (
                        not field or field in fields[message])
                    before = named
                if not exists:
                    yield f"{where}{named}"
            elif value:
                if not title or found.start() < title.end():
                    continue
                message, _, field = (before or "").partition(".")
                of_enum = enums.get(fields.get(message, {}).get(field), ())
                if value not in of_enum:
                    yield f"{where}{before or 'field for'} {value}"
            else:
                before = None


def lint(files, tables):
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
    rules = Rules(files, ["buf.validate.FieldRules"])

    for name, message in messages.items():
        # The entry of a map is a message that nobody wrote.
        if name.startswith(FOREIGN) or message.options.map_entry:
            continue
        for field in message.field:
            full_name = f"{name}.{field.name}"
            if field.name in KEYWORDS and full_name not in ALLOWED:
                faults.append(f"{full_name}: a keyword of some language")
            if field.type_name == f".{CONCEPT}" and name.startswith(FACTS):
                table = rules.codes(field)
                if not table:
                    faults.append(f"{full_name}: names no table of codes")
                elif table not in tables:
                    faults.append(
                        f"{full_name}: there is no table of codes {table}")
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

    def reach(name, look):
        """Calls look(full name, field) for every field that it leads to."""
        seen = set()
        waiting = [name]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for field in messages[name].field:
                look(f"{name}.{field.name}", field)
                if field.type == F.TYPE_MESSAGE:
                    waiting.append(field.type_name.lstrip("."))

    found = set()

    def fault(text):
        if text not in found:
            found.add(text)
            faults.append(text)

    def one_encoding(full_name, field):
        nested = field.type_name.lstrip(".")
        if field.type in (F.TYPE_FLOAT, F.TYPE_DOUBLE):
            fault(f"{full_name}: a binary fraction in a request")
        elif nested == "google.protobuf.Any":
            fault(f"{full_name}: an Any in a request")
        elif (field.type == F.TYPE_MESSAGE and
              messages[nested].options.map_entry):
            fault(f"{full_name}: a map in a request")

    def limited(full_name, field):
        for what in rules.unlimited(field):
            fault(f"{full_name}: a {what} in a statement without limit")

    def named_only(full_name, field):
        nested = field.type_name.lstrip(".")
        owner = full_name.rpartition(".")[0]
        if nested in DESCRIBED and owner not in DESCRIBED:
            fault(f"{full_name}: {nested.rpartition('.')[2]} below an act;"
                  " name them by SubjectRef")

    for file in files.file:
        for service in file.service:
            for method in service.method:
                reach(method.input_type.lstrip("."), one_encoding)
    if STATEMENT in messages:
        reach(STATEMENT, limited)
        for field in messages[STATEMENT].field:
            if field.HasField("oneof_index"):
                reach(field.type_name.lstrip("."), named_only)
    else:
        faults.append(f"{STATEMENT}: there is none")

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
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    files = descriptor_pb2.FileDescriptorSet.FromString(
        pathlib.Path(sys.argv[1]).read_bytes())
    root = pathlib.Path(sys.argv[2])
    tables = published((root / "libs/event/CONCEPTS.md").read_text())
    faults = lint(files, tables)
    faults += lint_requirements(
        (root / "proto/REQUIREMENTS.md").read_text(), files, tables)
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
