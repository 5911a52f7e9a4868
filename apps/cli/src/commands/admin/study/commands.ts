import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { usageFailure } from "../../../failure.ts";
import { printList, printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { collect } from "../../collect.ts";
import { durationMs, several, wholeNumber } from "../../parse.ts";
import { describeStudy, STUDIES } from "./describe.ts";
import { askForStudy, makeStudy } from "./follow-study.ts";

const KINDS = ["cold_plan", "density_curve", "simulation"] as const;
const FILES = ["types", "instances", "certificate"] as const;

const SIMULATE_HELP = `
Examples:
  berth admin simulate --without-family m6a
  berth admin simulate --without-zone us-east-1a --customers 1.5
  berth admin simulate --new-clusters 50x3:8g --new-clusters 200x1:2g

The fleet is shown as it is, planned from nothing, and as it would have to be then. Nothing is moved or launched.`;

export const simulate = (berth: Berth) =>
  new Command("simulate")
    .description("Show what a fleet would need if: a machine family or a zone lacks, or customers come or go")
    .option("--kube <id>", "the kube, where there are several")
    .option("--without-family <family>", "as if a machine family lacked; may be given again", several)
    .option("--without-zone <zone>", "as if a zone were out; may be given again", several)
    .option("--customers <factor>", "so many times the clusters", factor)
    .option("--new-clusters <mix>", "clusters x instances : size, as 50x3:8g; may be given again", newClusters)
    .option("--instances-per-machine <n>", "another cap", wholeNumber)
    .option("--seconds <n>", "for each of two plans", wholeNumber)
    .option("--timeout <time>", "stop waiting after so long", durationMs)
    .addHelpText("after", SIMULATE_HELP)
    .action(async (options, command) => {
      const session = berth.session(command);
      const {
        withoutFamily,
        withoutZone,
        customers,
        newClusters: new_clusters,
        instancesPerMachine,
        seconds,
      } = options;
      const what_if = {
        ...(withoutFamily === undefined ? {} : { without_families: [...withoutFamily] }),
        ...(withoutZone === undefined ? {} : { without_zones: [...withoutZone] }),
        ...(customers === undefined ? {} : { customers }),
        ...(new_clusters === undefined ? {} : { new_clusters }),
        ...(instancesPerMachine === undefined ? {} : { instances_per_machine: instancesPerMachine }),
      };
      const body = { kind: "simulation", what_if, seconds } as const;
      await printThing(session, await makeStudy(session, options.kube, body, options.timeout), describeStudy);
    });

export const drawDensityCurve = (berth: Berth) =>
  new Command("density-curve")
    .description("Show what each cap on instances of a machine costs: eight plans of the fleet from nothing")
    .option("--kube <id>", "the kube, where there are several")
    .option("--seconds <n>", "for each plan", wholeNumber)
    .option("--timeout <time>", "stop waiting after so long", durationMs)
    .action(async (options, command) => {
      const session = berth.session(command);
      const body = { kind: "density_curve", seconds: options.seconds } as const;
      await printThing(session, await makeStudy(session, options.kube, body, options.timeout), describeStudy);
    });

const createColdPlan = (berth: Berth) =>
  new Command("create")
    .description("Plan a fleet from nothing, prove how far the plan and the fleet are from the best, and wait for it")
    .option("--kube <id>", "the kube, where there are several")
    .option("--seconds <n>", "for the plan", wholeNumber)
    .option("--bound-seconds <n>", "for the lower bound, after it", wholeNumber)
    .option("--no-wait", "print what was asked for, and do not wait")
    .option("--timeout <time>", "stop waiting after so long", durationMs)
    .action(async (options, command) => {
      const session = berth.session(command);
      const { kube, seconds, boundSeconds, timeout } = options;
      const body = { kind: "cold_plan", seconds, bound_seconds: boundSeconds } as const;
      const study = options.wait
        ? await makeStudy(session, kube, body, timeout)
        : await askForStudy(session, kube, body);
      await printThing(session, study, describeStudy);
    });

const getStudy = (berth: Berth) =>
  new Command("get")
    .description("Show a study, with its result when it has one")
    .argument("<study>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getPackingStudy({ params: { packing_study_id: id } });
      await printThing(session, body, describeStudy);
    });

const listStudies = (berth: Berth, kind?: (typeof KINDS)[number]) => {
  const list = new Command("list")
    .alias("ls")
    .description(kind === undefined ? "List studies, newest first" : "List cold plans, newest first")
    .option("--kube <id>", "only of this kube")
    .option("--limit <n>", "at most so many", wholeNumber, 20);
  const withKind =
    kind === undefined
      ? list.addOption(new Option("--kind <kind>", "only of this kind").choices(KINDS))
      : list.addOption(new Option("--kind <kind>").choices(KINDS).default(kind).hideHelp());
  return withKind.action(async (options, command) => {
    const session = berth.session(command);
    const client = await session.client();
    const filter = { kube_id: options.kube, kind: options.kind };
    const page = await collect(options.limit, (query) => client.listPackingStudies({ query: { ...query, ...filter } }));
    await printList(session, page, STUDIES);
  });
};

const saveFiles = (berth: Berth) =>
  new Command("files")
    .description("Write the files by which anyone can verify a cold plan's lower bound")
    .argument("<study>", "a cold plan's id")
    .requiredOption("--folder <path>", "where types.json, instances.json and certificate.json go")
    .action(async (id, options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { folder } = options;
      const written: string[] = [];
      for (const format of FILES) {
        const request = { params: { packing_study_id: id }, query: { format }, signal: session.io.interrupted };
        const content = await text(client.download.getPackingStudyFile(request));
        const path = join(folder, `${format}.json`);
        try {
          await mkdir(folder, { recursive: true });
          await writeFile(path, content);
        } catch (error) {
          throw usageFailure(`cannot write ${path}: ${(error as Error).message}`);
        }
        written.push(path);
      }
      session.io.out(`${written.join("\n")}\n`);
      session.note(`Verify: npm run verify -w packages/packing -- ${written.join(" ")}`);
    });

export const coldPlan = (berth: Berth) =>
  new Command("cold-plan")
    .description("Plans of a fleet from nothing, with a proof of how good they are")
    .addCommand(createColdPlan(berth))
    .addCommand(getStudy(berth))
    .addCommand(listStudies(berth, "cold_plan"));

export const study = (berth: Berth) =>
  new Command("study")
    .description("Cold plans, density curves and simulations that were asked for")
    .addCommand(listStudies(berth))
    .addCommand(getStudy(berth))
    .addCommand(saveFiles(berth));

interface ClusterMix {
  readonly clusters: number;
  readonly instances: number;
  readonly size: string;
}

function newClusters(text: string, before: ClusterMix[] = []): ClusterMix[] {
  const [, clusters, instances, size] = /^(\d{1,6})x(\d{1,3}):(\w+)$/.exec(text) ?? [];
  if (size === undefined) throw new InvalidArgumentError("Clusters x instances : size, as 50x3:8g.");
  return [...before, { clusters: Number(clusters), instances: Number(instances), size }];
}

function factor(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("A number as 2 or 0.5.");
  return value;
}
