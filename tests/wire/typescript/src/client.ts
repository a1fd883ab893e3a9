// Says every example to Vigil, as a client in TypeScript would.
//
//   node src/client.js WIRE_FOLDER ADDRESS
//
// With what protoc-gen-es makes of the .proto files, and nothing else of Vigil. Each
// good example is said alone, in a batch and in a stream, and each time answered by
// the receipt that golden/ holds; each one in refused/ by its violations.
import { isDeepStrictEqual } from "node:util";

import { fromJson, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema } from "../gen/google/rpc/error_details_pb.js";
import {
  ReceiptSchema,
  StatementSchema,
  type Receipt,
  type Statement,
} from "../gen/vigil/common/v1/statement_pb.js";
import { goodExamples, refusedExamples, writersAt } from "./wire.js";

const [wire, address] = process.argv.slice(2);
const writers = await writersAt(address);
let checked = 0;
let wrong = 0;

function expect(name: string, expected: unknown, actual: unknown) {
  ++checked;
  if (isDeepStrictEqual(expected, actual)) return;
  ++wrong;
  console.log(`${name}: expected`, expected, "not", actual);
}

function shown(receipt: Receipt | undefined) {
  if (receipt === undefined) return "no receipt";
  // Where an event lies in the log is this node's own affair.
  for (const event of receipt.events) event.position = undefined;
  return toJson(ReceiptSchema, receipt);
}

interface Said {
  name: string;
  statement: Statement;
  receipt: unknown;
}
const said = new Map<string, Said[]>();
for (const [name, statement, golden] of goodExamples(wire)) {
  const ofWriter = said.get(golden.writer) ?? [];
  said.set(golden.writer, ofWriter);
  ofWriter.push({
    name,
    statement: fromJson(StatementSchema, statement),
    receipt: shown(fromJson(ReceiptSchema, golden.receipt)),
  });
}

const timeoutMs = 30_000;
for (const [writer, examples] of said) {
  const client = writers[writer];
  for (const { name, statement, receipt } of examples) {
    expect(name, receipt, shown(await client.submit(statement, { timeoutMs })));
  }
  const statements = examples.map(({ statement }) => statement);
  const batch = await client.submitBatch({ statements }, { timeoutMs });
  examples.forEach(({ name, receipt }, i) => {
    const { outcome } = batch.outcomes[i];
    expect(
      `${name} in a batch`,
      receipt,
      shown(outcome.case === "receipt" ? outcome.value : undefined),
    );
  });
  async function* stream() {
    yield* statements;
  }
  let outcomes = 0;
  for await (const { index, outcome } of client.submitStream(stream(), { timeoutMs })) {
    const { name, receipt } = examples[Number(index)];
    const answer = outcome?.outcome;
    expect(
      `${name} in a stream`,
      receipt,
      shown(answer?.case === "receipt" ? answer.value : undefined),
    );
    ++outcomes;
  }
  expect(`stream of ${writer}`, examples.length, outcomes);
}

for (const [name, refused] of refusedExamples(wire)) {
  const expected = refused.violations.map(({ field, code }) => `${field} ${code}`).sort();
  let actual: string[] = ["it was taken"];
  try {
    await writers[refused.writer].submit(fromJson(StatementSchema, refused.statement), {
      timeoutMs,
    });
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    expect(name, Code.InvalidArgument, error.code);
    actual = error
      .findDetails(BadRequestSchema)
      .flatMap((bad) => bad.fieldViolations.map(({ field, reason }) => `${field} ${reason}`))
      .sort();
  }
  expect(name, expected, actual);
}

console.log(`${checked} answers, ${wrong} wrong`);
process.exit(wrong > 0 || checked < 400 ? 1 : 0);
