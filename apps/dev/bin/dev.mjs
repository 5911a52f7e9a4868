#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";

// The Prisma client is generated, not committed: a fresh clone has none, and it takes a moment to see that it is current.
const generate = fileURLToPath(new URL("../../../scripts/generate.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, [generate], { stdio: ["ignore", 2, 2] });
if (status !== 0) process.exit(1);

// Node 20 is what we promise; the AWS SDK would complain of it at every start.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
register();
const { runDev } = await import("../src/index.ts");
process.exitCode = await runDev(process.argv.slice(2), process.env);
