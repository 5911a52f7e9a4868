import { startThrowawayPostgres } from "../../postgres/throwaway-postgres.ts";
import { type Figure, printFigures } from "./figure.ts";
import { manyClusters } from "./many-clusters.ts";
import { oneCluster } from "./one-cluster.ts";

/**
 * `npm run bench`: how long a create takes on the simulator, step by step, and how many clusters one worker brings up at
 * once. `--json` prints a line a figure; what happens meanwhile goes to standard error.
 */
const args = process.argv.slice(2);
const tell = (line: string) => console.error(line);

const postgres = await startThrowawayPostgres();
try {
  const figures: Figure[] = [
    ...(await oneCluster(postgres.url, tell)),
    ...(await manyClusters(postgres.url, { clusters: 200, instancesEach: 5 }, tell)),
  ];
  printFigures(figures, args.includes("--json"));
} finally {
  await postgres.stop();
}
