import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const BERTH = fileURLToPath(new URL("../../../cli/bin/berth.mjs", import.meta.url));

/** Where the demo runs its commands, and as whom. */
export interface Account {
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Ends the command that runs. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one command of `berth` as a person would type it, showing the line and what it prints; gives its stdout. The demo
 * goes through the command line so that it shows what a newcomer can do next, and proves that it works.
 */
export async function berth(
  account: Account,
  words: readonly string[],
  options: { quiet?: boolean } = {},
): Promise<string> {
  if (options.quiet !== true) process.stdout.write(`\n$ berth ${words.join(" ")}\n`);
  const child = spawn(process.execPath, [BERTH, ...words], {
    env: { ...process.env, BERTH_API_URL: account.apiUrl, BERTH_API_KEY: account.apiKey },
    stdio: ["ignore", "pipe", options.quiet === true ? "pipe" : "inherit"],
    ...(account.signal === undefined ? {} : { signal: account.signal, killSignal: "SIGINT" as const }),
  });
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => {
    out += String(chunk);
    if (options.quiet !== true) process.stdout.write(chunk);
  });
  child.stderr?.on("data", (chunk) => (err += String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`berth ${words.join(" ")} ended with ${code}\n${err}`);
  return out;
}
