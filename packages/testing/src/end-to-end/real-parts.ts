import { execFileSync } from "node:child_process";
import { type Client, createClient } from "@berth/client";
import { kubeconfigOf, type RunningDev, startDev } from "./running-dev.ts";

/** Everything on real parts but EC2, whose machines are process kubelets: a dev with --real as a process of its own. */
export interface RealParts {
  readonly dev: RunningDev;
  readonly customer: Client;
  readonly operator: Client;
  /** Of the kube's administrator. */
  readonly kubeconfig: string;
  /** How long a machine that nothing is on stays, from now on. */
  keepEmptyMachines(seconds: number): Promise<void>;
}

const READY_MS = 9 * 60_000;

/** Starts the real parts on a folder. What they are built from must be there: see prepareRealTier. */
export async function startRealParts(data: string): Promise<RealParts> {
  const dev = await startDev(data, ["--real"], READY_MS);
  const operator = createClient({ baseUrl: dev.apiUrl, apiKey: dev.operatorKey });
  return {
    dev,
    customer: createClient({ baseUrl: dev.apiUrl, apiKey: dev.customerKey }),
    operator,
    kubeconfig: kubeconfigOf(dev),
    keepEmptyMachines: async (seconds) => {
      for (const pool of (await operator.listPools({ query: {} })).body.data) {
        await operator.updatePool({ params: { pool_id: pool.id }, body: { empty_after_seconds: seconds } });
      }
    },
  };
}

/** Command lines of processes that were started on a folder. */
export function processesUnder(folder: string): string[] {
  const lines = execFileSync("ps", ["-eo", "pid,args", "-ww"], { encoding: "utf8", maxBuffer: 32 << 20 }).split("\n");
  return lines.filter((line) => line.includes(folder) && !line.includes("ps -eo"));
}
