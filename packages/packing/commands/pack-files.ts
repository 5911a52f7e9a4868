import type { CaseFault, Result } from "@berth/domain";
import {
  type CaseHeadroom,
  type Commitment,
  type PackingCase,
  phantomsOf,
  readCase,
  readCommitments,
  readHeadroom,
} from "../src/index.ts";
import { readInputFile } from "./input-file.ts";
import type { PackOptions } from "./pack-options.ts";

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export interface PackFiles {
  readonly packingCase: PackingCase;
  readonly commitments: readonly Commitment[] | undefined;
  /** As a verifier needs them: with the cap and the headroom that were asked for. */
  readonly typesText: string;
  readonly instancesText: string;
  readonly commitmentsText: string | undefined;
}

/** Throws an Error with every fault found. */
export function readFiles(options: PackOptions): PackFiles {
  const read = (path: string) => {
    const text = readInputFile(path);
    return { text, json: parseJson(path, text) };
  };
  const types = read(options.types);
  const instances = read(options.instances);
  const packingCase = unlessFaulty(readCase(withCap(types.json, options.cap), instances.json));
  const headroom =
    options.headroom === undefined ? undefined : unlessFaulty(readHeadroom(read(options.headroom).json, packingCase));
  const commitments = options.commitments === undefined ? undefined : read(options.commitments);
  // Once more with the phantoms: they must fit a type as well.
  const withPhantoms = headroom === undefined ? instances.json : phantomRows(instances.json, headroom);
  return {
    packingCase:
      headroom === undefined ? packingCase : unlessFaulty(readCase(withCap(types.json, options.cap), withPhantoms)),
    commitments:
      commitments === undefined ? undefined : unlessFaulty(readCommitments(commitments.json, packingCase.types)),
    typesText: options.cap === undefined ? types.text : `${JSON.stringify(withCap(types.json, options.cap))}\n`,
    instancesText: headroom === undefined ? instances.text : `${JSON.stringify(withPhantoms)}\n`,
    commitmentsText: commitments?.text,
  };
}

function unlessFaulty<T>(read: Result<T, readonly CaseFault[]>): T {
  if (read.ok) return read.value;
  throw new Error(read.error.map(({ field, rule }) => `${field} ${rule}`).join("\n"));
}

function phantomRows(instances: unknown, headroom: readonly CaseHeadroom[]): unknown {
  const rows = phantomsOf(headroom).map(({ name, cpuMilli, memoryMib, volumes, zones }) => ({
    name,
    cpuMilli,
    memoryMib,
    volumes,
    zones,
  }));
  return [...(instances as unknown[]), ...rows];
}

/** A lower cap is part of the inputs: the certificate is of the types with it. */
function withCap(types: unknown, cap: number | undefined): unknown {
  if (cap === undefined || !Array.isArray(types)) return types;
  return types.map((type: unknown) => {
    if (typeof type !== "object" || type === null) return type;
    const row = type as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(row).map(([key, value]) =>
        (key === "instances" || key === "pods") && typeof value === "number" && value > cap ? [key, cap] : [key, value],
      ),
    );
  });
}
