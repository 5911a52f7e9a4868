import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openApiDocument } from "./openapi.ts";
import { permissionMatrix } from "./permission-matrix.ts";
import { problemCatalogue } from "./problem-catalogue.ts";

/** Writes the committed documents anew: `npm run openapi -w packages/contract`. A test fails when that was forgotten. */
const fileOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
writeFileSync(fileOf("openapi.json"), `${JSON.stringify(openApiDocument(), null, 2)}\n`);
writeFileSync(fileOf("permission-matrix.md"), permissionMatrix());
writeFileSync(fileOf("problem-catalogue.md"), problemCatalogue());
