import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { DevFailure } from "./dev-failure.ts";

export interface DevOptions {
  /** Port of the API; 0 takes any free one. */
  readonly port: number;
  /** Absolute. */
  readonly data: string;
  /** One line of JSON on stdout when ready, nothing else. */
  readonly json: boolean;
  readonly seedFleet: boolean;
  /** Real Kubernetes and engines as processes, instead of the simulator. */
  readonly real: boolean;
}

export const DEFAULT_PORT = 7070;

const USAGE = `npm run dev -- [options]

  --port PORT    of the API on 127.0.0.1 (${DEFAULT_PORT}; 0 takes any free one)
  --data FOLDER  where everything is kept (.berth/ in the repository)
  --seed-fleet   also make three tenants with 300 instances on about 40 machines
  --real         a real Kubernetes control plane and real engines as processes, instead of the simulator (needs Go, a
                 JDK and Maven; the first start builds and downloads for many minutes)
  --json         print one line {"api_url","operator_key","customer_key"} when ready
  --help`;

/**
 * Reads the command line, or says what is wrong with it. `help` is the text to print instead of running. `base` is the
 * folder that a relative --data starts from: npm changes to the root of the repository first.
 */
export function readOptions(
  args: readonly string[],
  folders: { readonly root: string; readonly base: string },
): DevOptions | { readonly help: string } {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new DevFailure(`${(error as Error).message}\n\n${USAGE}`);
  }
  if (values.help) return { help: USAGE };
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535) {
    throw new DevFailure(`--port ${values.port} is not a port: 0 to 65535`);
  }
  return {
    port,
    data: resolve(folders.base, values.data ?? resolve(folders.root, ".berth")),
    json: values.json,
    seedFleet: values["seed-fleet"],
    real: values.real,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      port: { type: "string", default: String(DEFAULT_PORT) },
      data: { type: "string" },
      json: { type: "boolean", default: false },
      "seed-fleet": { type: "boolean", default: false },
      real: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  }).values;
}
