import { Command } from "@commander-js/extra-typings";
import { contextFilePath, readContextFile } from "../contexts/context-file.ts";
import { resolveContext } from "../contexts/resolve-context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { printBody } from "../output/print.ts";
import { type Column, formatTable } from "../output/table.ts";
import type { Berth } from "../program.ts";
import type { Session } from "../session.ts";

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do when it is not ok. */
  readonly fix: string | null;
}

const COLUMNS: readonly Column<Finding>[] = [
  { header: "", value: (finding) => (finding.ok ? "ok" : "FAIL") },
  { header: "check", value: (finding) => finding.check },
  { header: "found", value: (finding) => finding.found },
  { header: "fix", value: (finding) => finding.fix ?? "" },
];
const OLDEST_NODE = [20, 19] as const;
const CLOCK_SLACK_MS = 30_000;

export const doctor = (berth: Berth) =>
  new Command("doctor")
    .description("Check this machine and the API, and say how to mend what is wrong")
    .action(async (_, command) => {
      const session = berth.session(command);
      const findings: Finding[] = [nodeVersion(), await contextFile(session)];
      const target = await context(session, session.context);
      findings.push(target.finding);
      if (target.resolved !== undefined) findings.push(...(await apiFindings(target.resolved)));

      await printBody(session, { data: findings }, () => formatTable(COLUMNS, findings));
      const wrong = findings.filter((finding) => !finding.ok).length;
      if (wrong > 0) throw new Failure(EXIT_CODES.failure, `${wrong} of ${findings.length} checks failed`);
    });

const ok = (check: string, found: string): Finding => ({ check, ok: true, found, fix: null });
const wrong = (check: string, found: string, fix: string): Finding => ({ check, ok: false, found, fix });

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return isOld
    ? wrong("node", process.versions.node, `Install Node ${OLDEST_NODE.join(".")} or newer.`)
    : ok("node", process.versions.node);
}

async function contextFile(session: Session): Promise<Finding> {
  const path = await contextFilePath(session.io.env);
  try {
    const { contexts, current } = await readContextFile(path);
    return ok(
      "context file",
      contexts.size === 0 ? `none at ${path}` : `${contexts.size} in ${path}, current: ${current}`,
    );
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return wrong("context file", error.message, error.hint ?? "Remove it and run: berth login");
  }
}

type Target = Awaited<ReturnType<typeof resolveContext>>;

async function context(session: Session, wanted: string | undefined): Promise<{ finding: Finding; resolved?: Target }> {
  try {
    const resolved = await resolveContext(session.io.env, wanted);
    return { finding: ok("context", `${resolved.name}: ${resolved.apiUrl}`), resolved };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { finding: wrong("context", error.message, error.hint ?? "") };
  }
}

async function apiFindings({ apiUrl, apiKey }: Target): Promise<Finding[]> {
  const { failureOfClientError, openClient } = await import("../open-client.ts");
  const client = openClient({ apiUrl, apiKey });
  const findings: Finding[] = [];
  try {
    const { body, headers } = await client.getVersion();
    findings.push(ok("api", `Berth ${body.version}${body.simulated ? ", its cloud is SIMULATED" : ""}`));
    findings.push(clock(headers.get("date")));
    const { body: readiness } = await client.getReadyz();
    for (const check of readiness.checks) {
      const name = `api: ${check.name}`;
      const fix = "The operator sees more in the log of the API.";
      findings.push(check.ok ? ok(name, check.message || "ok") : wrong(name, check.message, fix));
    }
    const { body: me } = await client.getMe();
    findings.push(ok("key", `${me.principal.name} of ${me.organization.name}, ${expiry(me.principal.expires_at)}`));
  } catch (error) {
    const failure = failureOfClientError(error);
    if (failure === undefined) throw error;
    const check = failure.exitCode === EXIT_CODES.authentication ? "key" : "api";
    findings.push(wrong(check, failure.message, failure.hint ?? ""));
  }
  return findings;
}

function expiry(expiresAt: string | null): string {
  return expiresAt === null ? "does not expire" : `expires ${expiresAt}`;
}

/** A clock that is off breaks TLS and every age that is shown. */
function clock(date: string | null): Finding {
  const offMs = date === null ? 0 : Math.abs(Date.now() - Date.parse(date));
  return offMs > CLOCK_SLACK_MS
    ? wrong("clock", `${Math.round(offMs / 1000)} s off the API's`, "Set the time by NTP.")
    : ok("clock", "agrees with the API's");
}
