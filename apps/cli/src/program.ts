import { Command, Option } from "@commander-js/extra-typings";
import type { Io } from "./io.ts";
import { type GlobalOptions, OUTPUT_FORMATS, Session } from "./session.ts";

/** Any command, whatever its arguments and options: the tree holds them all. */
// biome-ignore lint/suspicious/noExplicitAny: the types of options are the command's own affair.
export type AnyCommand = Command<any, any, any>;

/** What a command is built with: the session is opened when it runs, as it reads options of the whole line. */
export interface Berth {
  readonly io: Io;
  /** The command line as it was typed, without the program's name. */
  readonly words: readonly string[];
  session(command: AnyCommand): Session;
}

interface Noun {
  readonly name: string;
  readonly description: string;
  load(): Promise<(berth: Berth) => AnyCommand>;
}

/** The first words, in the order of the help. Each is loaded when it is asked for, so that the program starts quickly. */
const NOUNS: readonly Noun[] = [
  {
    name: "login",
    description: "Remember an API and a key under a name",
    load: async () => (await import("./commands/login.ts")).login,
  },
  {
    name: "whoami",
    description: "Show who the key is, and its limits",
    load: async () => (await import("./commands/whoami.ts")).whoami,
  },
  {
    name: "context",
    description: "Choose between remembered APIs",
    load: async () => (await import("./commands/context/context.ts")).context,
  },
  {
    name: "cluster",
    description: "Create, see, connect to, change, delete and restore clusters",
    load: async () => (await import("./commands/cluster/cluster.ts")).cluster,
  },
  {
    name: "credential",
    description: "Make, see and delete the users of a cluster",
    load: async () => (await import("./commands/credential/credential.ts")).credential,
  },
  {
    name: "key",
    description: "Make, see, change, rotate and revoke API keys",
    load: async () => (await import("./commands/key/key.ts")).key,
  },
  {
    name: "member",
    description: "See, change and remove the people of the organization",
    load: async () => (await import("./commands/member/member.ts")).member,
  },
  {
    name: "invitation",
    description: "Invite people, and accept an invitation",
    load: async () => (await import("./commands/invitation/invitation.ts")).invitation,
  },
  {
    name: "organization",
    description: "See and change your organization",
    load: async () => (await import("./commands/organization/organization.ts")).organization,
  },
  {
    name: "quota",
    description: "See what your organization may have, and has",
    load: async () => (await import("./commands/quota/quota.ts")).quota,
  },
  {
    name: "project",
    description: "Make, see, rename and delete projects",
    load: async () => (await import("./commands/project/project.ts")).project,
  },
  {
    name: "estimate",
    description: "Show what clusters would cost",
    load: async () => (await import("./commands/estimate.ts")).estimate,
  },
  {
    name: "instance",
    description: "See the instances of a cluster",
    load: async () => (await import("./commands/instance/instance.ts")).instance,
  },
  {
    name: "operation",
    description: "See and watch accepted changes",
    load: async () => (await import("./commands/operation/operation.ts")).operation,
  },
  {
    name: "events",
    description: "List or follow what happened",
    load: async () => (await import("./commands/events.ts")).events,
  },
  {
    name: "audit",
    description: "See, export and check the record of who changed what",
    load: async () => (await import("./commands/audit/audit.ts")).audit,
  },
  {
    name: "admin",
    description: "For operators: organizations, kubes, pools, machines, packing, placement, audit",
    load: async () => (await import("./commands/admin/admin.ts")).admin,
  },
  {
    name: "api",
    description: "Send one request to the API as it is",
    load: async () => (await import("./commands/api.ts")).api,
  },
  {
    name: "doctor",
    description: "Check this machine and the API, and say how to mend what is wrong",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "completion",
    description: "Print a completion script for a shell",
    load: async () => (await import("./commands/completion.ts")).completion,
  },
];

/**
 * The tree of commands. Only the noun that the line names is loaded; the others stand there by name, for the help.
 * `everything` loads all, for completion; without `sayUsage` a wrong command line is only thrown.
 */
export async function buildProgram(
  io: Io,
  words: readonly string[],
  { everything = false, sayUsage = true } = {},
): Promise<AnyCommand> {
  const program = new Command("berth")
    .description("Hosted Elasticsearch and OpenSearch clusters")
    .addOption(new Option("-o, --output <format>", "form of the data").choices(OUTPUT_FORMATS))
    .option("--context <name>", "use this remembered context")
    .option("--no-input", "never ask; fail instead")
    .option("-y, --yes", "answer yes to every question")
    .helpCommand(false)
    .showHelpAfterError("Add --help to see how it is used.")
    .addHelpText("after", AFTER_HELP);
  const berth: Berth = {
    io,
    words,
    session: (command) => new Session(io, command.optsWithGlobals() as GlobalOptions),
  };

  const asked = firstWord(words);
  for (const noun of NOUNS) {
    if (everything || noun.name === asked) program.addCommand((await noun.load())(berth));
    else program.addCommand(new Command(noun.name).description(noun.description));
  }
  connect(program, { out: io.out, err: sayUsage ? io.err : () => {} });
  return program;
}

const OPTIONS_WITH_VALUE = ["-o", "--output", "--context"];

/** The first word that is neither an option nor the value of one: the noun. */
function firstWord(words: readonly string[]): string | undefined {
  return words.find((word, index) => !word.startsWith("-") && !OPTIONS_WITH_VALUE.includes(words[index - 1] ?? ""));
}

const AFTER_HELP = `
berth --version prints the version of this program. Data goes to stdout, everything else to stderr. BERTH_API_URL and BERTH_API_KEY win over remembered contexts.
Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 authentication, 5 conflict, 6 quota or rate limit,
7 the operation failed, 8 the wait timed out, 9 the audit log was changed, 130 interrupted.`;

/** Lets every command of the tree print there and throw instead of ending the process. */
function connect(command: AnyCommand, io: Pick<Io, "out" | "err">): void {
  command.exitOverride().configureOutput({
    writeOut: (text: string) => io.out(text),
    writeErr: (text: string) => io.err(text),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  for (const child of command.commands) connect(child as AnyCommand, io);
}
