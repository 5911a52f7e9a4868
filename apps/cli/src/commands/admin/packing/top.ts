import type { Packing } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { Failure } from "../../../failure.ts";
import { printBody } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import type { Session } from "../../../session.ts";
import { lookUntilDone } from "../../../watch/looks.ts";
import { openScreen, type Screen } from "../../../watch/screen.ts";
import { durationMs } from "../../parse.ts";
import { drawTop } from "./draw-top.ts";

const EVERY_MS = 2000;

export const topMachines = (berth: Berth) =>
  new Command("top")
    .description(
      "Watch how full each machine is, those that waste most first; q ends it. Without a terminal it prints once",
    )
    .option("--kube <id>", "only machines of this kube")
    .option("--pool <id>", "only machines of this pool")
    .option("--every <time>", "look again after so long", durationMs, EVERY_MS)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const query = { kube_id: options.kube, pool_id: options.pool, nodes: true };
      const look = async () => (await client.getPacking({ query, signal: session.io.interrupted })).body;
      const { terminal, env } = session.io;
      const isLive = terminal.out && terminal.in && session.output === "table" && env.TERM !== "dumb";
      if (isLive) return watch(session, look, Math.max(options.every, 200));
      const size = { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };
      await printBody(session, await look(), (packing) => `${drawTop(packing, size).join("\n")}\n`);
    });

async function watch(session: Session, look: () => Promise<Packing>, everyMs: number): Promise<void> {
  const screen: Screen = openScreen(session.io);
  try {
    const end = await lookUntilDone({ events: screen.keys, everyMs, signal: session.io.interrupted }, async () => {
      if (screen.hasQuit()) return true;
      const packing = await look();
      if (!screen.hasQuit()) screen.draw(drawTop(packing, screen.size()));
      return screen.hasQuit();
    });
    if (end === "interrupted") throw new Failure(EXIT_CODES.interrupted, "stopped watching");
  } finally {
    screen.close();
  }
}
