import { ConfigError, systemClock, systemIds } from "@berth/runtime";
import { firstOrganizationConfig } from "./config.ts";
import { makeApiKey } from "./http/api-key.ts";
import { makeAnotherOwnerKey } from "./installation/make-another-owner-key.ts";
import { makeFirstOrganization } from "./installation/make-first-organization.ts";

const USAGE =
  "usage: first-organization.ts EMAIL [NAME], or first-organization.ts --again EMAIL when no owner has a key";

/** `first-organization EMAIL [NAME]`: once an installation, after the migrations. Prints the key once, on stdout. */
const words = process.argv.slice(2);
const isAgain = words.includes("--again");
const [email, name, ...rest] = words.filter((word) => word !== "--again");
const unknown = [email, name].find((word) => word?.startsWith("-"));
try {
  if (email === undefined || unknown !== undefined || rest.length > 0 || (isAgain && name !== undefined))
    throw new ConfigError(USAGE);
  const { databaseUrl, pepper } = firstOrganizationConfig(process.env);
  const key = makeApiKey(pepper);
  const request = { databaseUrl, email, key };
  const made = isAgain
    ? await makeAnotherOwnerKey(request, systemIds, systemClock.now())
    : await makeFirstOrganization({ ...request, name: name ?? "Platform" }, systemIds, systemClock.now());
  if (made.ok) {
    const { organizationId, organizationName, expiresAt } = made.value;
    process.stdout.write(`${key.text}\n`);
    process.stderr.write(
      `The key is of an owner of ${organizationName} (${organizationId}), good until ${expiresAt.toISOString()}, and shown this once.\n`,
    );
  } else {
    process.stderr.write(`error: ${made.error}\n`);
    process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
