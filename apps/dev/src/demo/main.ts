import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer } from "@berth/client";
import { type Account, berth } from "./berth.ts";
import { type EngineAddress, engineRequest } from "./engine-request.ts";
import { findTarget, type Target } from "./target.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** Plays the main job: create, watch, see where it went and why, use it, delete it. Gives the exit code. */
export async function runDemo(): Promise<number> {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interruption.abort());
  const scratch = mkdtempSync(join(tmpdir(), "berth-demo-files-"));
  const startedAt = performance.now();
  say("Finding a Berth that runs here, or starting one (PostgreSQL is real, the cloud is SIMULATED).");
  let target: Target | undefined;
  try {
    target = await findTarget(join(ROOT, ".berth"), interruption.signal);
    say(`${target.own ? "Started one" : "Found one"} at ${target.api_url} after ${seconds(startedAt)}.`);
    await play(target, interruption.signal, scratch);
    say(`\nThe whole demo took ${seconds(startedAt)}.`);
    return 0;
  } catch (error) {
    const why = interruption.signal.aborted ? "it was interrupted" : error instanceof Error ? error.message : error;
    process.stderr.write(`\nThe demo failed: ${why}\n`);
    return interruption.signal.aborted ? 130 : 1;
  } finally {
    await target?.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function play(target: Target, signal: AbortSignal, scratch: string): Promise<void> {
  const customer: Account = { apiUrl: target.api_url, apiKey: target.customer_key, signal };
  const operator: Account = { apiUrl: target.api_url, apiKey: target.operator_key, signal };
  // A name of its own, so that the demo can be played again, and beside other clusters.
  const name = `demo-${Date.now().toString(36)}`;
  const credentialFile = join(scratch, "credential.json");
  const spec = ["--size", "4g", "--instances", "3", "--zones", "3"];

  step("1. Where would it go, and what would it cost?");
  await berth(customer, ["cluster", "create", name, ...spec, "--dry-run"]);
  try {
    step("2. Create it, and watch it come up");
    const createdAt = performance.now();
    await berth(customer, ["cluster", "create", name, ...spec, "--wait", "--credential-file", credentialFile]);
    say(`It can be used after ${seconds(createdAt)}.`);
    await berth(customer, ["cluster", "describe", name]);

    step("3. Where was it packed, and why? (the operator's view)");
    await berth(operator, ["admin", "machine", "list"]);
    await explainOne(customer, operator, name);

    step("4. Write a document with the credential that was returned, and search it");
    await berth(customer, ["cluster", "connect", name]);
    await useIt(customer, name, credentialFile);
  } finally {
    step("5. Delete it, volumes and all");
    // Without the signal: what was made is taken away again, also after Ctrl-C.
    const { apiUrl, apiKey } = customer;
    await berth({ apiUrl, apiKey }, ["cluster", "delete", name, "--purge", "--confirm", name, "--wait"]);
  }
}

async function explainOne(customer: Account, operator: Account, name: string): Promise<void> {
  const { id } = JSON.parse(await berth(customer, ["cluster", "get", name, "-o", "json"], { quiet: true })) as {
    id: string;
  };
  const list = ["admin", "placement", "list", "--cluster", id, "-o", "name"];
  const decision = (await berth(operator, list, { quiet: true })).split("\n")[0];
  if (decision === undefined || decision === "") throw new Error("no placement decision was stored");
  await berth(operator, ["admin", "placement", "explain", decision]);
}

async function useIt(customer: Account, name: string, credentialFile: string): Promise<void> {
  const json = await berth(customer, ["cluster", "connect", name, "-o", "json"], { quiet: true });
  const connection = JSON.parse(json) as Answer<"getConnection">["body"];
  const endpoint = connection.endpoints[0];
  if (endpoint === undefined || connection.ca_certificate === null) throw new Error("the cluster has no endpoint");
  const credential = JSON.parse(readFileSync(credentialFile, "utf8")) as { username: string; password: string };
  const address: EngineAddress = {
    host: endpoint.host,
    port: endpoint.port,
    caCertificate: connection.ca_certificate,
    serverName: connection.server_name,
    ...credential,
  };

  const document = { title: "Berth", text: "a place for a ship, or for an Elasticsearch cluster" };
  say(`PUT  ${endpoint.url}/books/_doc/1  ${JSON.stringify(document)}`);
  await engineRequest(address, "PUT", "/books/_doc/1?refresh=true", document);
  const query = { query: { match: { text: "ship" } } };
  say(`POST ${endpoint.url}/books/_search  ${JSON.stringify(query)}`);
  const answer = (await engineRequest(address, "POST", "/books/_search", query)) as {
    hits: { hits: { _source: unknown }[] };
  };
  const found = answer.hits.hits[0]?._source;
  if (JSON.stringify(found) !== JSON.stringify(document)) throw new Error(`found ${JSON.stringify(found)} instead`);
  say(`Found it: ${JSON.stringify(found)}`);
}

function step(title: string): void {
  process.stdout.write(`\n\n== ${title} ==\n`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
