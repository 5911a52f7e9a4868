import type { CreateClusterBody, Estimate, EstimateBody } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { usageFailure } from "../failure.ts";
import { formatBytes, formatCpuMillis, formatMoney } from "../output/format.ts";
import { printBody } from "../output/print.ts";
import { type Column, formatFacts, formatTable } from "../output/table.ts";
import type { Berth } from "../program.ts";
import type { Session } from "../session.ts";
import { chooseRegion } from "./cluster/choose-region.ts";
import { readComponents } from "./cluster/component-option.ts";
import { engineOption } from "./cluster/engine-option.ts";
import { noPlace } from "./cluster/preview.ts";
import { requireShape } from "./cluster/shape.ts";
import { describeAdmission, refusalOfAdmission } from "./describe-admission.ts";
import { byteCount, several, wholeNumber } from "./parse.ts";
import { readText } from "./read-text.ts";

interface Line {
  /** Place of the cluster in the request, from 1. */
  readonly cluster: number;
  readonly component: Estimate["clusters"][number]["components"][number];
}

interface Gap {
  readonly cluster: number;
  readonly place: Estimate["clusters"][number]["placement"][number];
}

const CLUSTER: Column<{ readonly cluster: number }> = {
  header: "cluster",
  value: ({ cluster }) => cluster,
  align: "right",
};
const COMPONENTS: readonly Column<Line>[] = [
  { header: "component", value: ({ component }) => component.name },
  { header: "size", value: ({ component }) => component.size },
  { header: "instances", value: ({ component }) => String(component.instances) },
  { header: "memory", value: ({ component }) => formatBytes(component.memory_bytes) },
  { header: "storage", value: ({ component }) => formatBytes(component.storage_bytes) },
  { header: "an hour", value: ({ component }) => formatMoney(component.price_per_hour) },
  { header: "a month", value: ({ component }) => formatMoney(component.price_per_month) },
];

/** Instances that have no place now. */
const GAPS: readonly Column<Gap>[] = [
  { header: "instance", value: ({ place }) => `${place.component}-${place.ordinal}` },
  { header: "zone", value: ({ place }) => place.zone },
  { header: "why not", value: ({ place }) => place.reason ?? undefined },
];

const HELP = `
Exit codes are those of berth cluster create --dry-run: 6 when quotas or the spend cap would refuse it,
1 when not every instance has a place now.

Examples:
  berth estimate --size 8g --instances 3 --zones 3
  berth estimate --engine opensearch --version 2.19.4 --size 4g --instances 1
  berth estimate -f clusters.yaml

A file with two clusters:
  clusters:
    - { region: us-east-1, size: 8g, instances: 3 }
    - { region: us-east-1, engine: opensearch, size: 2g, instances: 1 }`;

interface ShapeOptions {
  readonly engine?: NonNullable<CreateClusterBody["engine"]> | undefined;
  readonly version?: string | undefined;
  readonly size?: string | undefined;
  readonly instances?: number | undefined;
  readonly zones?: number | undefined;
  readonly storage?: number | undefined;
  readonly component?: string[] | undefined;
  readonly region?: string | undefined;
}

export const estimate = (berth: Berth) =>
  new Command("estimate")
    .description("Show what clusters would cost, and whether there is room for them")
    .option(
      "-f, --file <file>",
      "the body of POST /v1/estimates in YAML or JSON, also of several clusters; - for stdin",
    )
    .option("--size <size>", "memory of an instance, as 8g: see berth api GET /v1/sizes")
    .option("--instances <n>", "how many", wholeNumber)
    .option("--zones <n>", "spread over so many zones", wholeNumber)
    .option("--storage <size>", "volume of an instance, as 500g (what the size includes when absent)", byteCount)
    .option("--component <spec>", "instead of the four above, once for each component: name=…,size=…,…", several)
    .addOption(engineOption())
    .option("--version <version>", "of the engine (its default when absent)")
    .option("--region <region>", "where (asked for, or the only one, when absent)")
    .addHelpText("after", HELP)
    .action(async ({ file, ...options }, command) => {
      const session = berth.session(command);
      const others = Object.keys(options).filter((name) => command.getOptionValueSource(name) === "cli");
      if (file !== undefined && others.length > 0) {
        throw usageFailure("--file says it all", `Leave out: ${others.map((name) => `--${name}`).join(", ")}.`);
      }
      const body = file === undefined ? await bodyOf(session, options) : await readBody(session, file);
      const answer = await (await session.client()).createEstimate({ body });
      await printBody(session, answer.body, describe);
      const refusal = refusalOfAdmission(answer.body.admission);
      if (refusal !== undefined) throw refusal;
      if (!answer.body.feasible) throw noPlace();
    });

async function bodyOf(session: Session, options: ShapeOptions): Promise<EstimateBody> {
  const { size, instances, zones, storage, engine, version } = options;
  const components = readComponents(options.component);
  requireShape({ size, instances, components }, "--component, or --file");
  const region = options.region ?? (await chooseRegion(session)).name;
  return {
    region,
    ...(engine === undefined ? {} : { engine }),
    ...(version === undefined ? {} : { version }),
    ...(size === undefined ? {} : { size }),
    ...(instances === undefined ? {} : { instances }),
    ...(zones === undefined ? {} : { zones }),
    ...(storage === undefined ? {} : { storage_bytes: storage }),
    ...(components === undefined ? {} : { components }),
  };
}

/** What it may say is the server's to check: it names every fault with its place. */
async function readBody(session: Session, file: string): Promise<EstimateBody> {
  const text = await readText(session, file);
  const { parse } = await import("yaml");
  try {
    return parse(text) as EstimateBody;
  } catch (error) {
    throw usageFailure(`${file} is neither YAML nor JSON: ${(error as Error).message}`);
  }
}

function describe(whole: Estimate): string {
  const facts = formatFacts([
    ["Price", `${formatMoney(whole.price_per_hour)} an hour, ${formatMoney(whole.price_per_month)} a month`],
    ["Month", `${whole.hours_per_month} hours`],
    ["CPU", `${formatCpuMillis(whole.cpu_millis)} cores guaranteed`],
    ["Feasible", whole.feasible ? "yes" : "no"],
    ["Quotas", describeAdmission(whole.admission)],
  ]);
  const lines = whole.clusters.flatMap(({ components }, index) =>
    components.map((component) => ({ cluster: index + 1, component })),
  );
  const gaps = whole.clusters.flatMap(({ placement }, index) =>
    placement.filter(({ reason }) => reason !== null).map((place) => ({ cluster: index + 1, place })),
  );
  const tellApart = whole.clusters.length > 1 ? [CLUSTER] : [];
  const tables = [
    formatTable([...tellApart, ...COMPONENTS], lines),
    ...(gaps.length === 0 ? [] : [formatTable([...tellApart, ...GAPS], gaps)]),
  ];
  return [facts, ...tables].join("\n");
}
