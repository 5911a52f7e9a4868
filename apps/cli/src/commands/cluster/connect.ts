import type { Connection } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure } from "../../failure.ts";
import { printBody } from "../../output/print.ts";
import { shellWord } from "../../output/shell-word.ts";
import { formatFacts } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findCluster } from "../find.ts";
import { keepCertificate } from "./ca-file.ts";

export const connectCluster = (berth: Berth) =>
  new Command("connect")
    .description("Show the address, keep the certificate in a file, and print a line for curl")
    .argument("<cluster>", "name or id")
    .option("--ca-file <path>", "where to keep the certificate (a folder of the cache when absent)")
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      const { id, name } = await findCluster(session, reference);
      const client = await session.client();
      const { body: connection } = await client.getConnection({ params: { cluster_id: id } });
      const endpoint = connection.endpoints[0];
      if (!connection.ready || endpoint === undefined || connection.ca_certificate === null) {
        throw new Failure(EXIT_CODES.failure, `${name} cannot be used yet`, {
          hint: `Wait for it: berth cluster wait ${id}`,
        });
      }
      const certificate = { clusterId: id, pem: connection.ca_certificate };
      const caFile = await keepCertificate(session, certificate, options.caFile);
      await printBody(session, connection, () => describe(connection, endpoint, caFile));
    });

function describe(connection: Connection, endpoint: Connection["endpoints"][number], caFile: string): string {
  const user = connection.usernames[0] ?? "USER";
  return `${formatFacts([
    ["Endpoint", endpoint.url],
    [
      "Others",
      connection.endpoints
        .slice(1)
        .map((other) => other.url)
        .join(", "),
    ],
    ["CA file", caFile],
    ["Users", connection.usernames.join(", ")],
  ])}\n${curlLine(connection.server_name, endpoint, caFile, user)}\n`;
}

/** Asks the address for the name that its certificate has: the address itself may not be in it. curl asks for the password. */
function curlLine(
  serverName: string,
  { host, port }: { host: string; port: number },
  caFile: string,
  user: string,
): string {
  const address = host.includes(":") ? `[${host}]` : host;
  const detour = serverName === host ? "" : ` --connect-to ${serverName}:${port}:${address}:${port}`;
  return `curl --cacert ${shellWord(caFile)}${detour} -u ${user} https://${serverName}:${port}/_cluster/health?pretty`;
}
