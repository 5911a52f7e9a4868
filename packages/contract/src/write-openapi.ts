import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openApiDocument } from "./openapi.ts";

/** Writes the committed document anew: `npm run openapi -w packages/contract`. A test fails when that was forgotten. */
const file = fileURLToPath(new URL("../openapi.json", import.meta.url));
writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
