import { runBench } from "../../bench/run-bench.ts";
import { startThrowawayPostgres } from "../../postgres/throwaway-postgres.ts";
import { case2016Part, savingsPart } from "../../savings/savings-parts.ts";
import { manyClusters } from "./many-clusters.ts";
import { oneCluster } from "./one-cluster.ts";
import { realCluster } from "./real-cluster.ts";

/** Of a packed plan. */
const CPU_SECONDS = 20;

/**
 * `npm run bench`: how long a create takes on the simulator and on real parts, step by step, and how many clusters one
 * worker brings up at once; and what packing and commitments save together, at today's prices and at those of 2016.
 */
process.exitCode = await runBench(process.argv.slice(2), [
  { name: "create", measure: (tell) => withPostgres((url) => oneCluster(url, tell)) },
  {
    name: "200_clusters",
    measure: (tell) => withPostgres((url) => manyClusters(url, { clusters: 200, instancesEach: 5 }, tell)),
  },
  { name: "create_real", measure: realCluster },
  savingsPart(CPU_SECONDS),
  case2016Part(CPU_SECONDS),
]);

async function withPostgres<T>(use: (url: string) => Promise<T>): Promise<T> {
  const postgres = await startThrowawayPostgres();
  try {
    return await use(postgres.url);
  } finally {
    await postgres.stop();
  }
}
