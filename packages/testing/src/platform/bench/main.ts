import { runBench } from "../../bench/run-bench.ts";
import { startThrowawayPostgres } from "../../postgres/throwaway-postgres.ts";
import { manyClusters } from "./many-clusters.ts";
import { oneCluster } from "./one-cluster.ts";
import { realCluster } from "./real-cluster.ts";

/**
 * `npm run bench`: how long a create takes on the simulator and on real parts, step by step, and how many clusters one
 * worker brings up at once.
 */
process.exitCode = await runBench(process.argv.slice(2), [
  { name: "create", measure: (tell) => withPostgres((url) => oneCluster(url, tell)) },
  {
    name: "200_clusters",
    measure: (tell) => withPostgres((url) => manyClusters(url, { clusters: 200, instancesEach: 5 }, tell)),
  },
  { name: "create_real", measure: realCluster },
]);

async function withPostgres<T>(use: (url: string) => Promise<T>): Promise<T> {
  const postgres = await startThrowawayPostgres();
  try {
    return await use(postgres.url);
  } finally {
    await postgres.stop();
  }
}
