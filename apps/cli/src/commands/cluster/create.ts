import type { CreateClusterBody, CreatedCluster } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatFacts } from "../../output/table.ts";
import type { AnyCommand, Berth } from "../../program.ts";
import { followOperation } from "../../watch/follow-operation.ts";
import { byteCount, durationMs, keyValue, several, wholeNumber } from "../parse.ts";
import { chooseRegion } from "./choose-region.ts";
import { readComponents } from "./component-option.ts";
import { reserveCredentialFile } from "./credential-file.ts";
import { engineOption } from "./engine-option.ts";
import { explainNameTaken } from "./name-taken.ts";
import { previewCluster } from "./preview.ts";
import { hasShape, requireShape } from "./shape.ts";

const EXAMPLES = `
Examples:
  berth cluster create demo --size 8g --instances 3 --zones 3 --wait
  berth cluster create logs --engine opensearch --version 2.19.4 --size 4g --instances 1 --dry-run
  berth cluster create big --component name=masters,roles=master,size=2g,instances=3 \\
                           --component name=data,roles=data+ingest,size=32g,instances=6,storage=2t`;

export const createCluster = (berth: Berth) =>
  new Command("create")
    .description(
      "Create a cluster, and show the password of its first user: this once. On a terminal, what is missing is asked for",
    )
    .argument("[name]")
    .option("--size <size>", "memory of an instance, as 8g: see berth api GET /v1/sizes")
    .option("--instances <n>", "how many", wholeNumber)
    .option("--zones <n>", "spread over so many zones", wholeNumber)
    .option("--storage <size>", "volume of an instance, as 500g (what the size includes when absent)", byteCount)
    .option("--component <spec>", "instead of the four above, once for each component: name=…,size=…,…", several)
    .addOption(engineOption())
    .option("--version <version>", "of the engine (its default when absent)")
    .option("--region <region>", "where (asked for, or the only one, when absent)")
    .option("--project <id>", "the organization's first when absent")
    .option("--label <key=value>", "repeat for several", keyValue)
    .option("--deletion-protection", "refuse deletion until this is taken off")
    .option("--dry-run", "only show where it would go and what it would cost")
    .option("--wait", "until it can be used")
    .option("--timeout <time>", "give up waiting after so long, as 10m", durationMs)
    .option("--credential-file <path>", "write user and password there (0600) instead of showing them")
    .addHelpText("after", EXAMPLES)
    .action(async (name, options, command) => {
      const session = berth.session(command);
      const fields: Partial<CreateClusterBody> = {
        ...given("name", name),
        ...given("region", options.region),
        ...given("engine", options.engine),
        ...given("version", options.version),
        ...given("project_id", options.project),
        ...given("labels", options.label),
        ...given("deletion_protection", options.deletionProtection),
        ...given("size", options.size),
        ...given("instances", options.instances),
        ...given("zones", options.zones),
        ...given("storage_bytes", options.storage),
        ...given("components", readComponents(options.component)),
      };
      const body = await completed(berth, command, fields, options.dryRun === true);
      if (options.dryRun === true) return previewCluster(session, body);

      // Made before the cluster: a password that cannot be kept would be lost for good.
      const file =
        options.credentialFile === undefined ? undefined : await reserveCredentialFile(options.credentialFile);
      const client = await session.client();
      let created: CreatedCluster;
      try {
        const answer = await client.createCluster({ body });
        if (answer.status !== 202) throw new Error(`a create answers 202, not ${answer.status}`);
        created = answer.body;
      } catch (error) {
        await file?.discard();
        throw await explainNameTaken(error);
      }
      await file?.write(created.initial_credential);
      await printThing(session, created, () => describeCreated(created, file?.path));

      const operation = created.current_operation;
      if (operation === null) return;
      if (options.wait !== true) session.note(`It is being built. Watch with: berth operation watch ${operation.id}`);
      else {
        await followOperation(session, operation.id, { timeoutMs: options.timeout });
        session.note(`${created.name} can be used. Next: berth cluster connect ${created.id}`);
      }
    });

/** With what the command line leaves open: asked of a person, who also sees what it would cost; else the only region. */
async function completed(
  berth: Berth,
  command: AnyCommand,
  fields: Partial<CreateClusterBody>,
  isDryRun: boolean,
): Promise<CreateClusterBody> {
  const session = berth.session(command);
  const { name, region } = fields;
  if (session.mayAsk && (name === undefined || !hasShape(fields))) {
    const { askForCluster, confirmCluster } = await import("./create-wizard.ts");
    const body = await askForCluster(session, fields, berth.words);
    if (!isDryRun) await confirmCluster(session, body);
    return body;
  }
  // In commander's own words: the argument is only optional where it can be asked for.
  if (name === undefined) command.error("error: missing required argument 'name'");
  requireShape(fields);
  if (region !== undefined) return { ...fields, name, region };
  const chosen = await chooseRegion(session);
  const body = { ...fields, name, region: chosen.name };
  // Whoever is there to be asked sees what it costs before it is made.
  if (chosen.wasAsked && !isDryRun) {
    const { confirmCluster, sayCommandLine } = await import("./create-wizard.ts");
    sayCommandLine(session, berth.words, ["--region", chosen.name]);
    await confirmCluster(session, body);
  }
  return body;
}

function describeCreated(
  { id, name, initial_credential: credential }: CreatedCluster,
  path: string | undefined,
): string {
  return formatFacts([
    ["Cluster", `${name} (${id})`],
    ["User", credential.username],
    ["Password", path === undefined ? `${credential.password}   (shown this once)` : `in ${path}`],
  ]);
}

/** The field when it was given: an absent one lets the server choose. */
function given<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });
}
