import { type VirtualClock, virtualClock } from "../clock.ts";
import type { PodToRun } from "../pod-runtime.ts";
import { seededRandom } from "../random.ts";
import type { EngineRequest, EngineResponse } from "./rest/http.ts";
import { createEngineRuntime, type EngineOptions, type EngineRuntime } from "./runtime.ts";

const text = (content: string): Uint8Array => Buffer.from(content);

/** Cost 4, so that tests stay quick: `operator` / `operator-password`. */
export const OPERATOR_HASH = "$2b$04$7NxQqkhAlp9I8g0rfnU8reh1c26BGguL0NOB5YL0aBE2QdjE2Wd9K";
export const OPERATOR = { username: "operator", password: "operator-password" };

export interface TestPod {
  readonly name: string;
  readonly ip: string;
  readonly seeds?: readonly string[];
  readonly initialMasters?: readonly string[];
  readonly roles?: readonly string[];
  readonly settings?: string;
  readonly image?: string;
  readonly version?: string;
  readonly cluster?: string;
  readonly claim?: string | null;
  readonly uid?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** A pod as the simulated kubelet hands it over, with the layout of the plan: /berth/config, /berth/tls, /berth/users. */
export function testPod(pod: TestPod): PodToRun {
  const roles = pod.roles === undefined ? "" : `node.roles: [${pod.roles.join(", ")}]\n`;
  const masters =
    pod.initialMasters === undefined ? "" : `cluster.initial_master_nodes: [${pod.initialMasters.join(", ")}]\n`;
  const yml = [
    `cluster.name: ${pod.cluster ?? "logs"}`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the engines expand it themselves.
    "node.name: ${POD_NAME}",
    "discovery.seed_providers: file",
    `${masters}${roles}${pod.settings ?? "xpack.security.enabled: false"}\n`,
  ].join("\n");
  const engine = pod.image?.includes("opensearch") === true ? "opensearch" : "elasticsearch";
  return {
    uid: pod.uid ?? `uid-${pod.name}`,
    name: pod.name,
    namespace: "cl-test",
    nodeName: "node-1",
    zone: "us-east-1a",
    podIp: pod.ip,
    image: pod.image ?? `docker.elastic.co/elasticsearch/elasticsearch:${pod.version ?? "8.19.21"}`,
    env: { POD_NAME: pod.name },
    files: {
      "/berth/config": { [`${engine}.yml`]: text(yml) },
      "/berth/seed-hosts": { "unicast_hosts.txt": text((pod.seeds ?? []).join("\n")) },
      "/berth/users": Object.fromEntries(
        Object.entries(pod.files ?? {}).map(([name, content]) => [name, text(content)]),
      ),
    },
    claims: pod.claim === null ? [] : [pod.claim ?? `cl-test/data-${pod.name}`],
    memoryMib: 1024,
    labels: {},
  };
}

export interface TestEngine {
  readonly clock: VirtualClock;
  readonly runtime: EngineRuntime;
  start(pod: TestPod): void;
  /** Ends the pod's process as a kubelet would. */
  stop(name: string): void;
  call(address: string, method: string, path: string, body?: unknown, auth?: EngineRequest["auth"]): EngineResponse;
  get<T = Record<string, unknown>>(address: string, path: string): T;
}

/** A runtime on a virtual clock; `call` splits the query off the path. */
export function testEngine(options: Partial<EngineOptions> & { readonly seed?: number } = {}): TestEngine {
  const clock = virtualClock();
  const runtime = createEngineRuntime({ clock, random: seededRandom(options.seed ?? 1), ...options });
  const call: TestEngine["call"] = (address, method, target, body, auth) => {
    const [path = "/", query = ""] = target.split("?");
    return runtime.call(address, {
      method,
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      ...(body === undefined ? {} : { body }),
      ...(auth === undefined ? {} : { auth }),
    });
  };
  return {
    clock,
    runtime,
    start: (pod) => runtime.start(testPod(pod)),
    stop: (name) => runtime.stop(`uid-${name}`, 30),
    call,
    get: <T>(address: string, path: string) => call(address, "GET", path).body as T,
  };
}

export const ADDRESSES = ["127.1.0.1", "127.1.0.2", "127.1.0.3", "127.1.0.4", "127.1.0.5"] as const;
export const NAMES = ["n1", "n2", "n3", "n4", "n5"] as const;

/** Starts the first so many nodes as one founding cluster and lets them form it. */
export function formCluster(engine: TestEngine, size: number, changes: Partial<TestPod> = {}): void {
  for (let i = 0; i < size; i++) {
    engine.start({
      name: NAMES[i] ?? "",
      ip: ADDRESSES[i] ?? "",
      seeds: ADDRESSES.slice(0, size),
      initialMasters: NAMES.slice(0, size),
      ...changes,
    });
  }
  engine.clock.advance(20_000);
}
