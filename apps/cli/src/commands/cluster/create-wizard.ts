import { type CreateClusterBody, type EngineVersionEntry, nameInput, type SizeEntry } from "@berth/contract";
import { formatBytes, formatCpuMillis, formatMoney } from "../../output/format.ts";
import { shellWord } from "../../output/shell-word.ts";
import { askChoice, askText } from "../../prompts.ts";
import type { Session } from "../../session.ts";
import { wholeNumber } from "../parse.ts";
import { chooseRegion } from "./choose-region.ts";
import { describePreview, dryRunOf, refusalOf } from "./preview.ts";

const USUAL_INSTANCES = "3";
const MOST_ZONES = 3;

interface Answers {
  readonly body: CreateClusterBody;
  /** What was answered, as words of a command line. */
  readonly words: readonly string[];
}

/**
 * Asks a person for what the command line leaves open, and says how to write the same without questions.
 *
 * @param typed the command line, without the program's name
 */
export async function askForCluster(
  session: Session,
  given: Partial<CreateClusterBody>,
  typed: readonly string[],
): Promise<CreateClusterBody> {
  const base = await withBasics(session, given);
  const { body, words } = base.body.components === undefined ? await withShape(session, base) : base;
  sayCommandLine(session, typed, words);
  return body;
}

/** Says how to write what was typed and answered without questions. */
export function sayCommandLine(session: Session, typed: readonly string[], answered: readonly string[]): void {
  session.note(`The same without questions:\n  ${commandLine(typed, answered)}`);
}

async function withBasics(session: Session, given: Partial<CreateClusterBody>): Promise<Answers> {
  const name = given.name ?? (await askName(session));
  const region = given.region ?? (await chooseRegion(session)).name;
  const version = given.version === undefined ? await askVersion(session, given.engine) : undefined;
  const ofVersion = version === undefined ? {} : { engine: version.engine, version: version.version };
  return {
    body: { ...given, name, region, ...ofVersion },
    words: [
      ...(given.name === undefined ? [name] : []),
      ...(given.region === undefined ? ["--region", region] : []),
      ...(version === undefined || given.engine !== undefined ? [] : ["--engine", version.engine]),
      ...(version === undefined ? [] : ["--version", version.version]),
    ],
  };
}

/** Adds size, instances and zones: what a cluster is made of, unless its components were given. */
async function withShape(session: Session, { body, words }: Answers): Promise<Answers> {
  const size = body.size ?? (await askSize(session));
  const instances = body.instances ?? (await askInstances(session));
  const zones = body.zones ?? (await askZones(session, body.region, instances));
  return {
    body: { ...body, size, instances, ...(zones === undefined ? {} : { zones }) },
    words: [
      ...words,
      ...(body.size === undefined ? ["--size", size] : []),
      ...(body.instances === undefined ? ["--instances", String(instances)] : []),
      ...(body.zones === undefined && zones !== undefined ? ["--zones", String(zones)] : []),
    ],
  };
}

/** Shows where the cluster would go and what it would cost, and asks whether to go on; a failure when it would be refused. */
export async function confirmCluster(session: Session, body: CreateClusterBody): Promise<void> {
  const preview = await dryRunOf(session, body);
  session.note(`\n${describePreview(preview)}`);
  const refusal = refusalOf(body, preview);
  if (refusal !== undefined) throw refusal;
  const doubt = preview.feasible ? "" : "Not every instance has a place now: it would wait for one. ";
  await session.confirm(`${doubt}Create ${body.name}?`);
}

/** The line as it was typed, with more words: before what only takes operands. */
function commandLine(typed: readonly string[], more: readonly string[]): string {
  const end = typed.includes("--") ? typed.indexOf("--") : typed.length;
  return ["berth", ...typed.slice(0, end), ...more, ...typed.slice(end)].map(shellWord).join(" ");
}

const askName = (session: Session) =>
  askText(session, "Name", { fault: (text) => nameInput.safeParse(text).error?.issues[0]?.message });

async function askVersion(session: Session, engine: string | undefined): Promise<EngineVersionEntry | undefined> {
  const { data } = (await (await session.client()).listVersions()).body;
  const engines = [...new Set(data.map((one) => one.engine))].filter((one) => engine === undefined || one === engine);
  const versions = engines
    .map((one) => data.filter((version) => version.engine === one))
    .flatMap((all) => [...all.filter((one) => one.default), ...all.filter((one) => !one.default)]);
  if (versions.length === 0) return undefined;
  const options = versions.map((one) => ({
    value: one,
    label: `${one.engine} ${one.version}${one.default ? " (default)" : ""}`,
  }));
  return askChoice(session, "Version", options);
}

async function askSize(session: Session): Promise<string> {
  const { data } = (await (await session.client()).listSizes()).body;
  const rows = data.map(sizeColumns);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const options = data.map(({ name }, index) => ({
    value: name,
    label: (rows[index] ?? [])
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  }));
  return askChoice(session, "Size of an instance", options);
}

function sizeColumns(size: SizeEntry): readonly string[] {
  return [
    size.name,
    `${formatCpuMillis(size.cpu_millis)} cores`,
    `${formatBytes(size.storage_bytes)} storage`,
    `${formatMoney(size.price_per_hour)} an hour`,
  ];
}

async function askInstances(session: Session): Promise<number> {
  const fault = (text: string) => (/^0*[1-9]\d{0,3}$/.test(text) ? undefined : "A whole number from 1 on.");
  const question = { placeholder: USUAL_INSTANCES, defaultValue: USUAL_INSTANCES, fault };
  return wholeNumber(await askText(session, "Instances", question));
}

/** Undefined where there is nothing to choose. */
async function askZones(session: Session, region: string, instances: number): Promise<number | undefined> {
  const { data } = (await (await session.client()).listRegions()).body;
  const open = data.find(({ name }) => name === region)?.zones.length ?? MOST_ZONES;
  const most = Math.min(open, instances, MOST_ZONES);
  if (most <= 1) return undefined;
  const counts = Array.from({ length: most }, (_, index) => most - index);
  return askChoice(
    session,
    "Zones to spread over",
    counts.map((count) => ({ value: count, label: String(count) })),
  );
}
