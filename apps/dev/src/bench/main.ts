import { openHome } from "../test-support/start-dev.ts";

/**
 * What a newcomer waits for: dev on an empty folder and on a known one, and one command of `berth`. Wall time, so it says
 * as much of the machine as of us: run it on one that is idle.
 */

interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly must: number;
  readonly aim: number;
  readonly better: "lower";
}

const COMMANDS = 5;
const asJson = process.argv.includes("--json");

const { startDev, berth, remove } = openHome();
try {
  const fresh = await timed(startDev);
  const commandsMs: number[] = [];
  for (let run = 0; run < COMMANDS; run++) {
    const { seconds, value } = await timed(() => berth(fresh.value.line, ["whoami"]));
    if (value.code !== 0) throw new Error(value.err);
    commandsMs.push(seconds * 1000);
  }
  fresh.value.child.kill("SIGINT");
  await fresh.value.ended;
  const again = await timed(startDev);
  again.value.child.kill("SIGINT");
  const stop = await timed(() => again.value.ended);

  print("dev_ready_on_an_empty_folder", fresh.seconds, "s", 20, 5);
  print("dev_ready_on_a_known_folder", again.seconds, "s", 20, 3);
  print("dev_stop", stop.seconds, "s", 20, 3);
  print(
    "berth_whoami_median",
    commandsMs.sort((a, b) => a - b)[Math.floor(COMMANDS / 2)] ?? Number.NaN,
    "ms",
    2000,
    500,
  );
} finally {
  remove();
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly seconds: number; readonly value: T }> {
  const startedAt = performance.now();
  const value = await work();
  return { seconds: (performance.now() - startedAt) / 1000, value };
}

function print(figure: string, value: number, unit: string, must: number, aim: number): void {
  const line: Figure = { figure, value: Math.round(value * 100) / 100, unit, must, aim, better: "lower" };
  if (asJson) console.log(JSON.stringify(line));
  else
    console.log(
      `${value <= must ? "ok  " : "MISS"} ${figure.padEnd(38)} ${line.value} ${unit} (must ${must}, aim ${aim})`,
    );
}
