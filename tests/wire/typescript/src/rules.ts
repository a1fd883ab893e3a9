// What the schema refuses, Vigil refuses, with the published code.
//
//   node src/rules.js WIRE_FOLDER ADDRESS
//
// protovalidate's library judges a statement by the rules beside the fields
// (buf.validate); the server by its own reading of them, and by what only it can
// know. Both judge all examples, and of each what breaks each rule that stands on
// its way: a field left out, a text too long by one character, a list by one
// element, a pattern broken. Where the library finds a fault the server must find it
// too, at that path and with the code that vigil/event/v1/rules.proto maps it to;
// and where the server finds a fault that only the schema knows, the library must.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import {
  ScalarType,
  clone,
  create,
  fromJson,
  getOption,
  hasOption,
  type DescEnum,
  type DescField,
  type DescMessage,
} from "@bufbuild/protobuf";
import {
  pathToString,
  reflect,
  type Path,
  type ReflectList,
  type ReflectMessage,
} from "@bufbuild/protobuf/reflect";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { createValidator, type Violation } from "@bufbuild/protovalidate";

import { field as rulesOf, type FieldRules } from "../gen/buf/validate/validate_pb.js";
import { BadRequestSchema, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { StatementSchema, type Statement } from "../gen/vigil/common/v1/statement_pb.js";
import { violation as codeOf } from "../gen/vigil/event/v1/rules_pb.js";
import { goodExamples, refusedExamples, writersAt } from "./wire.js";

const [wire, address] = process.argv.slice(2);
const validator = createValidator();

// ---- What the library finds

type Step = { field: DescField; index?: number };

function at(statement: Statement, path: Step[]): ReflectMessage {
  let message: ReflectMessage = reflect(StatementSchema, statement);
  for (const { field, index } of path) {
    const value = message.get(field);
    message = (index === undefined ? value : (value as ReflectList).get(index)) as ReflectMessage;
  }
  return message;
}

// The field that a path ends in, and its value there.
function endOf(statement: Statement, path: Path): { field?: DescField; value: unknown } {
  let field: DescField | undefined;
  let value: unknown = reflect(StatementSchema, statement);
  for (const step of path) {
    if (step.kind === "field") {
      field = step;
      value = (value as ReflectMessage).get(step);
    } else if (step.kind === "list_sub") {
      value = (value as ReflectList).get(step.index);
    } else {
      return { value: undefined }; // a oneof
    }
  }
  return { field, value };
}

// By the table in vigil/event/v1/rules.proto.
function mapped(statement: Statement, violation: Violation): string {
  const { field, value } = endOf(statement, violation.field);
  const rule = violation.ruleId;
  const isEmpty = value === "" || (value as ReflectList | undefined)?.size === 0;
  switch (rule) {
    case "required":
      return "REQUIRED";
    case "string.min_len":
      return isEmpty ? "REQUIRED" : "TEXT_TOO_SHORT";
    case "string.max_len":
      return "TEXT_TOO_LONG";
    case "string.pattern":
      return getOption(field!, codeOf);
    case "bytes.len":
    case "bytes.min_len":
    case "bytes.max_len":
      return "BYTES_LENGTH";
    case "repeated.min_items":
      return isEmpty ? "REQUIRED" : "LIST_TOO_SHORT";
    case "repeated.max_items":
      return "LIST_TOO_LONG";
    case "repeated.unique":
      return "LIST_REPEATS";
    case "enum.defined_only":
      return "UNKNOWN_ENUM_VALUE";
    default:
      if (/^u?int(32|64)\.[gl]te/.test(rule)) return "NUMBER_OUT_OF_RANGE";
      throw new Error(`${rule} has no published code`);
  }
}

interface Found {
  path: string;
  code: string;
  value: unknown;
}

function refusedBySchema(statement: Statement): Found[] {
  const result = validator.validate(StatementSchema, statement);
  if (result.kind === "error") throw result.error;
  return (result.violations ?? []).map((violation) => ({
    path: pathToString(violation.field),
    code: mapped(statement, violation),
    value: endOf(statement, violation.field).value,
  }));
}

function shown({ path, code }: { path: string; code: string }): string {
  return `${path} ${code}`;
}

// ---- Where the two may differ

// Codes that the server has from the schema alone.
const OF_THE_SCHEMA =
  / (TEXT_TOO_LONG|TEXT_TOO_SHORT|BYTES_LENGTH|LIST_TOO_SHORT|LIST_TOO_LONG|NUMBER_OUT_OF_RANGE)$/;

// Whether the server refuses it too. Of a field that breaks several rules it names
// one. It says what is wrong with any text before it looks for the pattern: blanks
// alone are nothing, and no field takes control characters. What is over a list's
// limit it does not look at, since the list is refused.
function isRefused({ path, value }: Found, all: Found[], server: Set<string>): boolean {
  const codes = all.filter((other) => other.path === path).map(({ code }) => code);
  if (typeof value === "string") {
    if (value.trim() === "") codes.push("REQUIRED");
    if (/\p{Cc}/u.test(value)) codes.push("TEXT_CONTROL_CHARACTER");
  }
  if (codes.some((code) => server.has(`${path} ${code}`))) return true;
  for (let list = path; list.includes("["); ) {
    list = list.slice(0, list.lastIndexOf("["));
    if (server.has(`${list} LIST_TOO_LONG`)) return true;
  }
  return false;
}

// ---- What breaks a rule

interface Trial {
  name: string;
  writer: string;
  statement: Statement;
}
const trials: Trial[] = [];
// Which rules were broken, and how often each way of it: some are enough.
const broken = new Map<string, number>();
const ENOUGH = 2;
const brokenFields = new Set<string>();

function nameOf(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}

class Breaking {
  constructor(
    private readonly writer: string,
    private readonly statement: Statement,
    private readonly example: string,
  ) {}

  walk(path: Step[] = []) {
    const message = at(this.statement, path);
    for (const field of message.desc.fields) {
      const rules = getOption(field, rulesOf);
      if (hasOption(field, rulesOf)) this.breakRules(path, field, rules);
      if (field.fieldKind === "enum" || (field.fieldKind === "list" && field.listKind === "enum")) {
        this.breakEnum(path, field);
      }
      this.descend(path, field, message);
    }
  }

  private descend(path: Step[], field: DescField, message: ReflectMessage) {
    if (field.fieldKind === "message") {
      if (message.isSet(field)) {
        this.walk([...path, { field }]);
      } else {
        this.descendInto(
          path,
          field,
          (m) => m.set(field, reflect(field.message, create(field.message))),
          { field },
        );
      }
    } else if (field.fieldKind === "list" && field.listKind === "message") {
      const size = message.get(field).size;
      for (let index = 0; index < size; ++index) this.walk([...path, { field, index }]);
      if (size === 0) {
        this.descendInto(
          path,
          field,
          (m) => (m.get(field) as ReflectList).add(reflect(field.message, create(field.message))),
          { field, index: 0 },
        );
      }
    }
  }

  // What no example has: set and empty, it may want something; and what stands in it
  // has rules too.
  private descendInto(
    path: Step[],
    field: DescField,
    set: (m: ReflectMessage) => void,
    step: Step,
  ) {
    const statement = this.tried(path, field, "set and empty", set);
    if (statement !== undefined)
      new Breaking(this.writer, statement, this.example).walk([...path, step]);
  }

  // A copy with something changed, which becomes a trial unless there are enough.
  private tried(path: Step[], field: DescField, how: string, change: (m: ReflectMessage) => void) {
    const key = `${nameOf(field)} ${how}`;
    const times = broken.get(key) ?? 0;
    if (times >= ENOUGH) return undefined;
    broken.set(key, times + 1);
    const statement = clone(StatementSchema, this.statement);
    change(at(statement, path));
    trials.push({ name: `${this.example}: ${key}`, writer: this.writer, statement });
    return statement;
  }

  private breakRules(path: Step[], field: DescField, rules: FieldRules) {
    brokenFields.add(nameOf(field));
    if (rules.required) this.tried(path, field, "left out", (m) => m.clear(field));
    if (field.fieldKind === "list") {
      if (rules.type.case === "repeated") this.breakList(path, field, rules);
      return;
    }
    for (const [how, value] of wrongValues(field, rules, at(this.statement, path).get(field))) {
      this.tried(path, field, how, (m) => m.set(field, value as never));
    }
  }

  private breakList(path: Step[], field: DescField & { fieldKind: "list" }, rules: FieldRules) {
    if (rules.type.case !== "repeated") return;
    const { minItems, maxItems, unique, items } = rules.type.value;
    const first = at(this.statement, path).get(field).get(0) ?? anElement(field);
    const filled = (count: number) => (m: ReflectMessage) => {
      const list = m.get(field) as ReflectList;
      list.clear();
      for (let i = 0; i < count; ++i) list.add(i === 0 ? first : copied(field, first));
    };
    if (maxItems > 0n) {
      this.tried(path, field, "one too many", filled(Number(maxItems) + 1));
      this.tried(path, field, "full", filled(Number(maxItems)));
    }
    if (minItems > 0n) {
      this.tried(path, field, "none", filled(0));
      this.tried(path, field, "one too few", filled(Number(minItems) - 1));
    }
    if (unique) this.tried(path, field, "twice", filled(2));
    if (items === undefined) return;
    for (const [how, value] of wrongValues(field, items, first)) {
      this.tried(path, field, `an element ${how}`, (m) => {
        const list = m.get(field) as ReflectList;
        list.clear();
        list.add(first);
        list.add(value as never);
      });
    }
  }

  private breakEnum(path: Step[], field: DescField & { enum: DescEnum }) {
    const unknown = Math.max(...field.enum.values.map((value) => value.number)) + 1;
    for (const number of [unknown, -1]) {
      this.tried(path, field, `the number ${number}`, (m) => {
        if (field.fieldKind === "list") (m.get(field) as ReflectList).add(number);
        else m.set(field, number as never);
      });
    }
  }
}

function anElement(field: DescField & { fieldKind: "list" }): unknown {
  if (field.listKind === "message") return reflect(field.message, create(field.message));
  if (field.listKind === "enum") return field.enum.values[1].number;
  switch (field.scalar) {
    case ScalarType.STRING:
      return "a";
    case ScalarType.BYTES:
      return new Uint8Array(1);
    default:
      return 1;
  }
}

function copied(field: DescField & { fieldKind: "list" }, element: unknown): unknown {
  if (field.listKind !== "message") return element;
  const { desc, message } = element as ReflectMessage;
  return reflect(desc, clone(desc, message));
}

function* wrongValues(
  field: DescField,
  rules: FieldRules,
  now: unknown,
): Generator<[string, unknown]> {
  const { type } = rules;
  if (type.case === "string") {
    const { maxLen, minLen, pattern } = type.value;
    if (maxLen > 0n) {
      // In characters, whatever their size.
      for (const character of ["x", "é", "🧸"]) {
        yield [`too long (${character})`, character.repeat(Number(maxLen) + 1)];
        yield [`of the full length (${character})`, character.repeat(Number(maxLen))];
      }
    }
    if (minLen > 0n) {
      yield ["empty", ""];
      yield ["too short", "x".repeat(Number(minLen) - 1)];
    }
    if (pattern !== "") {
      const text = String(now ?? "");
      for (const wrong of [
        "",
        "-",
        "?",
        "x",
        "X",
        "0",
        " ",
        "é",
        "٣",
        "1e3",
        "a b",
        "2026-02-30",
        "2026-13-01",
        "24:00",
        `${text}\n`,
        `\n${text}`,
        ` ${text}`,
        `${text} `,
        `${text}x`,
        `${text}\u0000`,
        text.toUpperCase(),
        text.toLowerCase(),
        text.slice(1),
        text.slice(0, -1),
        `${text}${text}`,
        `${text}é`,
      ]) {
        yield [`as ${JSON.stringify(text === "" ? wrong : wrong.replace(text, "…"))}`, wrong];
      }
    }
  } else if (type.case === "bytes") {
    const { len, minLen, maxLen } = type.value;
    for (const size of new Set([len, minLen, maxLen].filter((n) => n > 0n).map(Number))) {
      for (const other of [size - 1, size, size + 1])
        yield [`${other} bytes`, new Uint8Array(other)];
    }
  } else if (
    type.case === "uint32" ||
    type.case === "int32" ||
    type.case === "uint64" ||
    type.case === "int64"
  ) {
    const { greaterThan, lessThan } = type.value;
    const is64 = type.case.endsWith("64");
    const number = (n: number | bigint) => (is64 ? BigInt(n) : Number(n));
    const isUnsigned = type.case.startsWith("u");
    if (lessThan.case === "lte") {
      yield ["the largest", number(lessThan.value)];
      const larger = BigInt(lessThan.value) + 1n;
      const limit = { uint32: 2n ** 32n, int32: 2n ** 31n, uint64: 2n ** 64n, int64: 2n ** 63n }[
        type.case
      ];
      if (larger < limit) yield ["too large", number(larger)];
    }
    if (greaterThan.case === "gte") {
      yield ["the least", number(greaterThan.value)];
      const smaller = BigInt(greaterThan.value) - 1n;
      if (!isUnsigned || smaller >= 0n) yield ["too small", number(smaller)];
    }
  }
}

// ---- Both judge

let checked = 0;
let wrong = 0;

function complain(name: string, what: string, violations: Iterable<string>) {
  for (const violation of violations) {
    ++wrong;
    if (wrong <= 400) console.log(`${name}: ${what} ${violation}`);
  }
}

// What the server says to each, in the trials' order.
async function refusedByServer(
  writer: string,
  statements: Statement[],
): Promise<Map<number, Set<string>>> {
  const refused = new Map<number, Set<string>>();
  async function* checkedOnly() {
    for (const statement of statements) {
      statement.validateOnly = true;
      yield statement;
    }
  }
  const client = (await writersAt(address))[writer];
  const answers = client.submitStream(checkedOnly(), { timeoutMs: 120_000 });
  for await (const { index, outcome } of answers) {
    const violations = new Set<string>();
    const answer = outcome!.outcome;
    if (answer.case === "error") {
      for (const detail of answer.value.details) {
        const bad = anyUnpack(detail, BadRequestSchema);
        for (const { field, reason } of bad?.fieldViolations ?? [])
          violations.add(`${field} ${reason}`);
        const info = anyUnpack(detail, ErrorInfoSchema);
        if (Number(info?.metadata["not_listed"] ?? 0) > 0) violations.add(MORE);
      }
      if (violations.size === 0) violations.add(`(${answer.value.message})`);
    }
    refused.set(Number(index), violations);
  }
  return refused;
}
const MORE = "and more";

async function judge() {
  const writers = new Set(trials.map(({ writer }) => writer));
  for (const writer of writers) {
    const ofWriter = trials.filter((trial) => trial.writer === writer);
    const byServer = await refusedByServer(
      writer,
      ofWriter.map(({ statement }) => statement),
    );
    ofWriter.forEach(({ name, statement }, i) => {
      ++checked;
      const schema = refusedBySchema(statement);
      const server = byServer.get(i);
      if (server === undefined) return complain(name, "had", ["no outcome"]);
      if (server.has(MORE)) return;
      complain(
        name,
        `the server says ${[...server]}, the schema`,
        schema.filter((found) => !isRefused(found, schema, server)).map(shown),
      );
      const bySchema = new Set(schema.map(shown));
      complain(
        name,
        "only the server refuses",
        [...server].filter((v) => OF_THE_SCHEMA.test(v) && !bySchema.has(v)),
      );
    });
  }
}

// The fields with rules that a statement can reach.
function ruled(type: DescMessage, seen = new Set<DescMessage>(), found = new Set<string>()) {
  if (seen.has(type)) return found;
  seen.add(type);
  for (const field of type.fields) {
    if (hasOption(field, rulesOf)) found.add(nameOf(field));
    if (field.message !== undefined) ruled(field.message, seen, found);
  }
  return found;
}

// "schema" or "server": who refuses each file in refused/, by the README there.
const readme = readFileSync(join(wire, "examples", "README.md"), "utf8");
for (const [file, { writer, statement, violations }] of refusedExamples(wire)) {
  const name = file.replace(".json", "");
  const by = new RegExp(`\\(refused/${name}\\.json\\) \\| \\w+ \\| (\\w+) `).exec(readme)?.[1];
  const parsed = fromJson(StatementSchema, statement);
  const expected = by === "schema" ? violations.map(({ field, code }) => `${field} ${code}`) : [];
  const actual = new Set(refusedBySchema(parsed).map(shown));
  ++checked;
  complain(
    `refused/${file}`,
    `by ${by}, but the schema says`,
    [...actual].filter((v) => !expected.includes(v)),
  );
  complain(
    `refused/${file}`,
    `by ${by}, but the schema does not say`,
    expected.filter((v) => !actual.has(v)),
  );
  trials.push({ name: `refused/${file}`, writer, statement: parsed });
}
for (const [name, statement, { writer }] of goodExamples(wire)) {
  const parsed = fromJson(StatementSchema, statement);
  ++checked;
  complain(name, "is good, but the schema refuses", refusedBySchema(parsed).map(shown));
  new Breaking(writer, parsed, name).walk();
}
complain(
  "no trial",
  "breaks",
  [...ruled(StatementSchema)].filter((name) => !brokenFields.has(name)),
);
await judge();
console.log(`${trials.length} trials, ${checked} judgements, ${wrong} wrong`);
process.exit(wrong > 0 || trials.length < 3000 ? 1 : 0);
