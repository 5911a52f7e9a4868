import { parseKubeconfig } from "@berth/kubernetes";
import { requestToJoin } from "../control-plane/join-request.ts";
import type { Connection } from "./api-client.ts";

/** What a machine's user data says about the kube that it joins. */
export interface Join {
  readonly apiServerUrl: string;
  readonly caCertPem: string;
  /** A bootstrap token, `id.secret`. */
  readonly token: string;
}

/** Reads a kubeconfig that holds everything inline. Throws with the parser's words for any other. */
export function connectionOf(kubeconfig: string): Connection {
  const parsed = parseKubeconfig(kubeconfig);
  if (!parsed.ok) throw new Error(parsed.error.detail);
  const { server, caCertPem = "", credentials } = parsed.value;
  return { server, caCertPem, credential: credentials };
}

/** Joins as a booting machine does: asks for the certificate of its node and waits until somebody approves. */
export async function joinKube(join: Join, nodeName: string, timeoutMs: number): Promise<Connection> {
  const request = await requestToJoin({ ...join, nodeName });
  const identity = await request.untilIssued(timeoutMs);
  return { server: join.apiServerUrl, caCertPem: join.caCertPem, credential: identity };
}
