import { type Figure, median, runBench } from "@berth/testing";
import { openHome } from "../test-support/start-dev.ts";

/**
 * What a newcomer waits for: dev on an empty folder and on a known one, and one command of `berth`. Wall time, so it says
 * as much of the machine as of us: run it on one that is idle.
 */

const COMMANDS = 5;

process.exitCode = await runBench(process.argv.slice(2), [{ name: "dev", measure }]);

async function measure(): Promise<Figure[]> {
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
    return [
      figure("dev.ready_on_an_empty_folder", fresh.seconds, "s", 20, 5),
      figure("dev.ready_on_a_known_folder", again.seconds, "s", 20, 3),
      figure("dev.stop", stop.seconds, "s", 20, 3),
      figure("dev.berth_whoami_median", median(commandsMs), "ms", 2000, 500),
    ];
  } finally {
    remove();
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly seconds: number; readonly value: T }> {
  const startedAt = performance.now();
  const value = await work();
  return { seconds: (performance.now() - startedAt) / 1000, value };
}

function figure(name: string, value: number, unit: string, must: number, aim: number): Figure {
  return { figure: name, value, unit, must, aim, better: "lower" };
}
