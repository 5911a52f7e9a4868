import { join } from "node:path";
import { runTool } from "./run-tool.ts";

const COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy";

/**
 * Brings one zip by its coordinates (GROUP:ARTIFACT:VERSION) and gives its path in `folder`. Maven keeps its own copy, so
 * that the next time needs no network; it checks the sums.
 */
export async function fetchZip(coordinates: string, folder: string): Promise<string> {
  const [, artifact, version] = coordinates.split(":");
  await runTool("mvn", ["-q", "-B", COPY, `-Dartifact=${coordinates}:zip`, `-DoutputDirectory=${folder}`], coordinates);
  return join(folder, `${artifact}-${version}.zip`);
}
