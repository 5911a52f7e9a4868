import { ENGINE_VERSIONS } from "@berth/domain";
import { createEngine } from "@berth/engine";
import {
  createEngineRuntime,
  QUICK_ENGINE_TIMINGS,
  realSimulationClock,
  seededRandom,
  startEngineServers,
} from "@berth/simulator";
import { waitFor } from "../wait-for.ts";
import { ENGINE_CASES } from "./engine.ts";
import { engineEnvOf, prepareEngineCluster } from "./engine-cluster.ts";
import { runConformance } from "./run-suite.ts";

for (const [index, { engine, version, image }] of ENGINE_VERSIONS.entries()) {
  const start = async () => {
    const clock = realSimulationClock(10);
    const runtime = createEngineRuntime({ clock, random: seededRandom(1), timings: QUICK_ENGINE_TIMINGS });
    const servers = startEngineServers({ runtime, clock });
    const cluster = await prepareEngineCluster(engine, version, `127.73.${index}.`);
    for (const { name, address, zone } of cluster.nodes) {
      runtime.start({
        uid: `uid-${name}`,
        name,
        namespace: cluster.namespace,
        nodeName: `mac-${name}`,
        zone,
        podIp: address,
        image,
        env: { POD_NAME: name, POD_IP: address, ZONE: zone },
        files: cluster.files,
        claims: [`${cluster.namespace}/data-${name}`],
        memoryMib: 1024,
        labels: {},
      });
    }
    const port = createEngine();
    await waitFor(async () => (await port.health(cluster.target)).nodes === 3, {
      timeoutMs: 20_000,
      what: "three nodes to form a cluster",
    });
    const env = engineEnvOf(cluster, `127.73.${index}.99`, 10_000);
    return {
      port,
      env,
      close: async () => {
        await port.close();
        await env.close();
        await servers.close();
      },
    };
  };
  runConformance(`simulated ${engine} ${version}`, ENGINE_CASES, start);
}
