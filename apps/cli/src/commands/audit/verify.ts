import { createReadStream } from "node:fs";
import type { AuditHead } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure, usageFailure } from "../../failure.ts";
import { printBody } from "../../output/print.ts";
import { openProgressLine } from "../../output/progress-line.ts";
import { formatFacts, formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import type { Session } from "../../session.ts";
import { type CheckedLog, checkLog, faultsOfHead, type LogFault } from "./check-log.ts";
import { readLines } from "./read-lines.ts";
import { headsFilePath, type RememberedHeads, readHeads, rememberHead } from "./remembered-heads.ts";

/** Faults that are kept for the answer to a program; all are counted. */
const FAULTS_KEPT = 1000;

const HELP = `
It ends with 9 when something is wrong. Where the log ended is remembered after each check that found nothing, so that the
next one sees whether it was cut off or written anew since: run it now and then, on a machine that the operator cannot write.`;

export const verifyAudit = (berth: Berth) =>
  new Command("verify")
    .description("Check that nobody has changed the audit log: each row's hash, the chain of them, and the signed end")
    .option("--file <file>", "check a JSONL export instead of asking the API")
    .option("--part", "with --file: it may begin and end anywhere, as an export with --since does")
    .option("--heads <file>", "where ends are remembered, instead of beside the contexts")
    .addHelpText("after", HELP)
    .action(async (options, command) => {
      const session = berth.session(command);
      if (options.part === true && options.file === undefined) throw usageFailure("--part goes with --file");
      const headsFile = options.heads ?? (await headsFilePath(session.io.env));
      const known = await readHeads(headsFile);
      if (options.file !== undefined) await verifyFile(session, options.file, options.part === true, known);
      else await verifyOwn(session, known, headsFile);
    });

/** The whole of one's own log, as the API gives it, against its signed end and the one remembered. */
async function verifyOwn(session: Session, known: RememberedHeads, headsFile: string): Promise<void> {
  const client = await session.client();
  const { body: head } = await client.getAuditHead();
  const before = known.get(head.organization_id);
  const faults = startFaults(session);
  for (const fault of faultsOfHead(head, before)) faults.tell(fault);
  const chunks = client.download.exportAuditEvents({ query: { format: "jsonl" }, signal: session.io.interrupted });
  const checked = await check(session, chunks, {
    organizationId: head.organization_id,
    seen: [head, ...(before === undefined ? [] : [before])],
    isPart: false,
    tell: faults.tell,
  });
  await report(session, checked, faults, before, head);
  await rememberHead(headsFile, before !== undefined && before.number > head.number ? before : head);
}

/** An export of anybody's: nobody vouches for its end, so nothing is remembered. */
async function verifyFile(session: Session, path: string, isPart: boolean, known: RememberedHeads): Promise<void> {
  const faults = startFaults(session);
  const checked = await check(session, fileChunks(path), { seen: [...known.values()], isPart, tell: faults.tell });
  if (checked.rows === 0) throw usageFailure(`${path} has no rows`, "Make one with: berth audit export --file FILE");
  await report(session, checked, faults, known.get(checked.organizationId), undefined);
}

async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path);
  } catch (error) {
    throw usageFailure(`cannot read ${path}: ${(error as Error).message}`);
  }
}

async function check(
  { io }: Session,
  chunks: AsyncIterable<Uint8Array>,
  options: Omit<Parameters<typeof checkLog>[1], "onRow">,
): Promise<CheckedLog> {
  const progress = openProgressLine(io);
  try {
    return await checkLog(readLines(chunks), {
      ...options,
      onRow: (count) => progress.update(`${count} rows checked`),
    });
  } finally {
    progress.end();
  }
}

interface Faults {
  readonly kept: readonly LogFault[];
  readonly count: number;
  tell(fault: LogFault): void;
}

/** Counts faults and keeps the first; people see each on a line of its own when it is found. */
function startFaults({ io, output }: Session): Faults {
  const kept: LogFault[] = [];
  let count = 0;
  return {
    kept,
    get count() {
      return count;
    },
    tell: (fault) => {
      count += 1;
      if (kept.length < FAULTS_KEPT) kept.push(fault);
      if (output === "table" || output === "wide") io.out(formatTable(COLUMNS, [fault], { header: false }));
    },
  };
}

const COLUMNS = [
  { header: "number", value: (fault: LogFault) => fault.number },
  { header: "kind", value: (fault: LogFault) => fault.kind },
  { header: "detail", value: (fault: LogFault) => fault.detail },
];

/** Prints what was found; throws when that is a fault. */
async function report(
  session: Session,
  { organizationId, rows, last }: CheckedLog,
  faults: Faults,
  before: AuditHead | undefined,
  signed: AuditHead | undefined,
): Promise<void> {
  const body = {
    organization_id: organizationId,
    rows,
    head: last === undefined ? null : { number: last.number, hash: last.hash },
    signed_at: signed?.signed_at ?? null,
    remembered: before === undefined ? null : { number: before.number, hash: before.hash, signed_at: before.signed_at },
    fault_count: faults.count,
    faults: faults.kept,
  };
  await printBody(session, body, () =>
    formatFacts([
      ["Organization", organizationId],
      ["Rows", rows],
      ["Head", last === undefined ? undefined : `${last.number} ${last.hash}`],
      ["Signed", signed?.signed_at],
      ["Remembered", before === undefined ? "nothing yet" : `${before.number}, signed ${before.signed_at}`],
      ["Faults", faults.count === 0 ? "none" : faults.count],
    ]),
  );
  if (faults.count === 0) return;
  throw new Failure(EXIT_CODES.auditFaulty, `the audit log of ${organizationId} is not as it was written`, {
    hint: "Keep what was printed, and the file of remembered ends: they are the evidence. Then ask the operator.",
  });
}
