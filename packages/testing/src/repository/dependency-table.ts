/**
 * Which part of Berth may depend on which: the picture of docs/architecture.md as data, the only one.
 *
 * A row is everything that the workspace may name in its package.json. An arrow points from what changes often to what
 * changes seldom, and never back; a package that needs an edge which is not here needs a reason in a review first.
 */
const ALLOWED_DEPENDENCIES = {
  // Pure: no I/O, no clock, no chance.
  domain: [],
  packing: ["domain", "ports"],
  planner: ["domain", "ports"],
  lifecycle: ["domain"],

  ports: ["domain"],
  contract: ["domain"],
  client: ["contract"],

  // Adapters: each fulfils a port.
  db: ["domain", "ports"],
  queue: ["domain", "ports"],
  kubernetes: ["domain", "ports"],
  ec2: ["domain", "ports"],
  engine: ["domain", "ports"],
  runtime: ["domain", "ports"],
  solver: ["ports"],
  simulator: ["domain", "ports"],

  cli: ["client", "contract"],
  // `kubernetes` for its subpath kubeconfig alone, which reads text and loads no client: the API talks to no Kubernetes.
  api: ["contract", "domain", "db", "kubernetes", "packing", "planner", "ports", "runtime"],
  worker: [
    "db",
    "domain",
    "ec2",
    "engine",
    "kubernetes",
    "lifecycle",
    "packing",
    "planner",
    "ports",
    "queue",
    "runtime",
    "solver",
  ],
  // `testing` is loaded only by `npm run dev -- --real`, which runs the product on the test harness's real parts.
  dev: ["api", "client", "db", "domain", "runtime", "simulator", "testing", "worker"],
  testing: "anything",
} as const satisfies Readonly<Record<string, readonly string[] | "anything">>;

/**
 * What the commands of a package may name beside, in devDependencies alone: they lie outside src, are no part of what the
 * package gives to others, and put a real solver behind the port that the package itself takes as an argument.
 */
const ALLOWED_FOR_COMMANDS: Readonly<Record<string, readonly string[]>> = { packing: ["solver"], planner: ["solver"] };

export type WorkspaceName = keyof typeof ALLOWED_DEPENDENCIES;

/** Packages that cannot do I/O: they compile without a single ambient type and use nothing from npm. */
export const PURE_PACKAGES = ["domain", "packing", "planner", "lifecycle"] as const;

/** The workspaces that this one may name, or undefined for one that the table does not know. */
export function allowedDependencies(workspace: string): readonly string[] | "anything" | undefined {
  return (ALLOWED_DEPENDENCIES as Readonly<Record<string, readonly string[] | "anything">>)[workspace];
}

/** The workspaces that this one may name in devDependencies, for its commands. */
export function allowedForCommands(workspace: string): readonly string[] {
  return ALLOWED_FOR_COMMANDS[workspace] ?? [];
}

export const WORKSPACES = Object.keys(ALLOWED_DEPENDENCIES) as WorkspaceName[];
