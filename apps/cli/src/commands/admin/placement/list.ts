import type { PlacementDecision } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { formatAge } from "../../../output/format.ts";
import { type ListView, printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect } from "../../collect.ts";
import { wholeNumber } from "../../parse.ts";

const OUTCOMES = ["placed", "waiting_for_machine", "refused"] as const;

const DECISIONS: ListView<PlacementDecision> = {
  noun: "placement decisions",
  nameOf: (decision) => decision.id,
  columns: [
    { header: "id", value: (decision) => decision.id },
    { header: "instance", value: (decision) => decision.instance_id },
    { header: "outcome", value: (decision) => decision.outcome },
    { header: "node", value: (decision) => decision.node_name ?? undefined },
    { header: "candidates", value: (decision) => decision.candidates, align: "right" },
    { header: "verdict", value: (decision) => decision.verdict ?? undefined },
    { header: "age", value: (decision) => formatAge(decision.created_at, Date.now()), align: "right" },
    { header: "cluster", value: (decision) => decision.cluster_id, wide: true },
    { header: "organization", value: (decision) => decision.organization_id, wide: true },
    { header: "executed", value: (decision) => formatAge(decision.executed_at, Date.now()), wide: true },
  ],
};

export const listPlacements = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List placement decisions, newest first")
    .option("--kube <id>", "only of this kube")
    .option("--cluster <id>", "only of this cluster")
    .option("--instance <id>", "only of this instance")
    .addOption(new Option("--outcome <outcome>", "only with this outcome").choices(OUTCOMES))
    .option("--limit <n>", "at most so many", wholeNumber, 100)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = {
        kube_id: options.kube,
        cluster_id: options.cluster,
        instance_id: options.instance,
        outcome: options.outcome,
      };
      const page = await collect(options.limit, (query) =>
        client.listPlacementDecisions({ query: { ...query, ...filter } }),
      );
      await printList(session, page, DECISIONS);
    });
