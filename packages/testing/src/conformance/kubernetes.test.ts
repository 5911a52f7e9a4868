import { createKubernetes, type KubeConnection, type KubernetesOptions, parseKubeconfig } from "@berth/kubernetes";
import { createKubernetesModel, realSimulationClock, seededRandom, startKubernetesServer } from "@berth/simulator";
import { Agent, fetch } from "undici";
import { waitFor } from "../wait-for.ts";
import { KUBERNETES_CASES } from "./kubernetes/index.ts";
import { runConformance } from "./run-suite.ts";

/** The same cases that the real control plane passes, through the real adapter, on the simulated one. */
runConformance("the simulated Kubernetes", KUBERNETES_CASES, async () => {
  const model = createKubernetesModel({ clock: realSimulationClock(), random: seededRandom(1) });
  const server = await startKubernetesServer({ model });
  const parsed = parseKubeconfig(server.kubeconfig);
  if (!parsed.ok) throw new Error(parsed.error.detail);
  const connect = (options: KubernetesOptions = {}) => createKubernetes(parsed.value, options);
  const port = connect();
  const dispatcher = new Agent({ connect: { ca: server.ca } });
  const headers = { accept: "application/json", authorization: `Bearer ${model.adminToken}` };
  return {
    port,
    env: {
      patienceMs: 15_000,
      storageClass: "gp3",
      addNode: async (node) => {
        const amounts = { cpu: node.cpu, memory: node.memory, pods: "110" };
        const added = model.kubelets.add(
          { nodeName: node.name },
          {
            machineType: "m7i.2xlarge",
            zone: node.zone,
            providerId: `aws:///${node.zone}/i-${node.name}`,
            capacity: amounts,
            allocatable: amounts,
          },
        );
        const open = () => added.isOpen();
        await waitFor(open, { timeoutMs: 10_000, what: `node ${node.name} to be open` });
      },
      connect,
      asToken: (token) => {
        const connection: KubeConnection = { ...parsed.value, credentials: { kind: "token", token } };
        return createKubernetes(connection);
      },
      rawGet: async (path) => (await fetch(`${server.url}${path}`, { dispatcher, headers })).text(),
    },
    close: async () => {
      port.close();
      await dispatcher.close();
      model.close();
      await server.close();
    },
  };
});
