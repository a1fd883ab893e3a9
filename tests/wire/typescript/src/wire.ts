// What both programs need: the examples, and a client of each writer's service.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { type DescService, type JsonValue } from "@bufbuild/protobuf";
import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { StatementSchema } from "../gen/vigil/common/v1/statement_pb.js";
import type { PoliceService } from "../gen/vigil/police/v1/police_pb.js";

// All writers' services have the same methods: one type serves for all.
export type Writer = Client<typeof PoliceService>;

// Of every writer whose definition lies there: "police" ...
export async function writersAt(address: string): Promise<Record<string, Writer>> {
  const transport = createGrpcTransport({ baseUrl: `http://${address}` });
  const vigil = new URL("../gen/vigil/", import.meta.url);
  const writers: Record<string, Writer> = {};
  for (const name of readdirSync(vigil)) {
    const module = new URL(`${name}/v1/${name}_pb.js`, vigil);
    if (!existsSync(module)) continue;
    for (const service of Object.values<DescService>(await import(module.href))) {
      if (service.kind !== "service") continue;
      if (!service.methods.some(({ input }) => input === StatementSchema)) continue;
      writers[name] = createClient(service, transport) as unknown as Writer;
    }
  }
  return writers;
}

export interface Golden {
  writer: string;
  receipt: JsonValue;
}

export interface Refused {
  writer: string;
  statement: JsonValue;
  violations: { field: string; code: string }[];
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

export function goodExamples(wire: string): [string, JsonValue, Golden][] {
  const names = readdirSync(join(wire, "golden"))
    .filter((folder) => folder !== "own" && folder !== "filled")
    .flatMap((folder) =>
      readdirSync(join(wire, "golden", folder)).map((file) => join(folder, file)),
    );
  return names.map((name) => [
    name,
    read(join(wire, "examples", name)) as JsonValue,
    read(join(wire, "golden", name)) as Golden,
  ]);
}

export function refusedExamples(wire: string): [string, Refused][] {
  const folder = join(wire, "examples", "refused");
  return readdirSync(folder).map((name) => [name, read(join(folder, name)) as Refused]);
}
