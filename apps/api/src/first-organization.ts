import { ConfigError, systemClock, systemIds } from "@berth/runtime";
import { firstOrganizationConfig } from "./config.ts";
import { makeApiKey } from "./http/api-key.ts";
import { makeFirstOrganization } from "./installation/make-first-organization.ts";

/** `first-organization EMAIL [NAME]`: once an installation, after the migrations. Prints the key once, on stdout. */
const [email, name = "Platform", ...rest] = process.argv.slice(2);
try {
  if (email === undefined || rest.length > 0) throw new ConfigError("usage: first-organization.ts EMAIL [NAME]");
  const { databaseUrl, pepper } = firstOrganizationConfig(process.env);
  const key = makeApiKey(pepper);
  const made = await makeFirstOrganization({ databaseUrl, name, email, key }, systemIds, systemClock.now());
  if (made.ok) {
    const { organizationId, expiresAt } = made.value;
    process.stdout.write(`${key.text}\n`);
    process.stderr.write(
      `Made ${name} (${organizationId}). The key is its owner's, good until ${expiresAt.toISOString()}, and shown this once.\n`,
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
