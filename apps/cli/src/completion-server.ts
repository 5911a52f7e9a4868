import { ownOrganization } from "./commands/find.ts";
import type { Io } from "./io.ts";
import { type AnyCommand, buildProgram } from "./program.ts";
import { Session } from "./session.ts";

/** Names of things that an argument or option may take, asked of the API. */
type Source = (session: Session) => Promise<readonly string[]>;

const clusters: Source = async (session) =>
  (await (await session.client()).listClusters({ query: { limit: 200 } })).body.data.map((cluster) => cluster.name);
const keys: Source = async (session) =>
  (await (await session.client()).listApiKeys({ query: { limit: 200, state: "active" } })).body.data.map(
    ({ id }) => id,
  );
const projects: Source = async (session) =>
  (await (await session.client()).listProjects({ query: { limit: 200 } })).body.data.map((project) => project.name);
const members: Source = async (session) => {
  const params = { organization_id: await ownOrganization(session) };
  const { data } = (await (await session.client()).listMembers({ params, query: { limit: 200 } })).body;
  return data.map((member) => member.email);
};
const invitations: Source = async (session) => {
  const params = { organization_id: await ownOrganization(session) };
  const query = { limit: 200, state: "pending" } as const;
  const { data } = (await (await session.client()).listInvitations({ params, query })).body;
  return data.map((invitation) => invitation.email);
};
const organizations: Source = async (session) =>
  (await (await session.client()).listOrganizations({ query: { limit: 200 } })).body.data.map(({ id }) => id);
const operations: Source = async (session) =>
  (await (await session.client()).listOperations({ query: { limit: 50 } })).body.data.map((operation) => operation.id);
const kubes: Source = async (session) =>
  (await (await session.client()).listKubes({ query: { limit: 200 } })).body.data.map((kube) => kube.id);
const machines: Source = async (session) =>
  (await (await session.client()).listMachines({ query: { limit: 200 } })).body.data.map((machine) => machine.id);
const decisions: Source = async (session) =>
  (await (await session.client()).listPlacementDecisions({ query: { limit: 50 } })).body.data.map((one) => one.id);
const regions: Source = async (session) =>
  (await (await session.client()).listRegions()).body.data.map((region) => region.name);
const sizes: Source = async (session) =>
  (await (await session.client()).listSizes()).body.data.map((size) => size.name);
const versions: Source = async (session) =>
  (await (await session.client()).listVersions()).body.data.map((version) => version.version);
const contexts: Source = async (session) => {
  const { contextFilePath, readContextFile } = await import("./contexts/context-file.ts");
  return [...(await readContextFile(await contextFilePath(session.io.env))).contexts.keys()];
};

/** By the name of the argument in the help: `<cluster>`. `<id>` and what is not here cannot be guessed. */
const ARGUMENTS: Readonly<Record<string, Source>> = {
  cluster: clusters,
  key: keys,
  member: members,
  invitation: invitations,
  project: projects,
  organization: organizations,
  operation: operations,
  kube: kubes,
  machine: machines,
  id: decisions,
  context: contexts,
};
const OPTIONS: Readonly<Record<string, Source>> = {
  "--cluster": clusters,
  "--operation": operations,
  "--kube": kubes,
  "--region": regions,
  "--size": sizes,
  "--version": versions,
  "--context": contexts,
};

/** How long the API may take: a person waits with a finger on the key. */
const PATIENCE_MS = 2000;

/**
 * The words that could stand where the cursor is, given the words before it. Never throws: no completion is better than
 * an error in the middle of somebody's command line.
 */
export async function completeWords(io: Io, before: readonly string[]): Promise<readonly string[]> {
  const program = await buildProgram(io, [], { everything: true });
  const { command, operands, pending } = locate(program, before);
  if (pending !== undefined) return pending.choices ?? fromApi(io, OPTIONS[pending.long ?? ""]);

  const children = command.commands.map((child) => child.name());
  const argument = command.registeredArguments[operands];
  const values = argument === undefined ? [] : (argument.argChoices ?? (await fromApi(io, ARGUMENTS[argument.name()])));
  const options = [...command.options, ...program.options].map((option) => option.long ?? "").filter(Boolean);
  return [...children, ...values, ...options];
}

interface Place {
  readonly command: AnyCommand;
  /** How many arguments of the command stand there already. */
  readonly operands: number;
  /** The option whose value comes next. */
  readonly pending:
    | { readonly long?: string | undefined; readonly choices?: readonly string[] | undefined }
    | undefined;
}

function locate(program: AnyCommand, words: readonly string[]): Place {
  let command = program;
  let operands = 0;
  let pending: Place["pending"];
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
    } else if (word.startsWith("-")) {
      const option = [...command.options, ...program.options].find((one) => one.long === word || one.short === word);
      if (option?.required === true) pending = { long: option.long, choices: option.argChoices };
    } else {
      const child = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
      if (child === undefined) operands++;
      else command = child as AnyCommand;
    }
  }
  return { command, operands, pending };
}

async function fromApi(io: Io, source: Source | undefined): Promise<readonly string[]> {
  if (source === undefined) return [];
  const late = new Promise<readonly string[]>((resolve) => setTimeout(() => resolve([]), PATIENCE_MS).unref());
  const asked = source(new Session(io, { input: false })).catch(() => []);
  return Promise.race([asked, late]);
}

/** What the scripts of `berth completion` call: `berth completion-server -- WORDS`, with the cursor in the environment. */
export async function serveCompletion(io: Io): Promise<void> {
  const { getShellFromEnv, log, parseEnv } = await import("@pnpm/tabtab");
  const { line, partial } = parseEnv(io.env as Record<string, string>);
  const typed = (partial || line).split(/\s+/).slice(1, -1);
  const words = await completeWords(io, typed);
  log([...words], getShellFromEnv(io.env), (text) => io.out(`${text}\n`));
}
