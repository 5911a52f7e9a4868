/** What a machine's user data tells it about the cluster that it belongs to. */
export interface JoinDocument {
  readonly apiServerEndpoint: string;
  /** PEM of the cluster's authority. */
  readonly caCertPem: string;
  /** `id.secret` of a bootstrap token. */
  readonly token: string;
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly maxPods: number;
}

const BEGIN = "# berth-join-begin";
const END = "# berth-join-end";

/**
 * Finds the join document in user data: the JSON between two marked lines of a script (which may stand in a heredoc).
 *
 * Undefined when there is none, or one that a kubelet could not use: such a machine boots and never joins, as a real one
 * with a broken script.
 */
export function joinDocumentOf(userData: string): JoinDocument | undefined {
  const lines = userData.split("\n");
  const begin = lines.findIndex((line) => line.trim() === BEGIN);
  const end = lines.findIndex((line) => line.trim() === END);
  if (begin < 0 || end <= begin) return undefined;
  let value: Partial<Record<string, unknown>>;
  try {
    value = JSON.parse(lines.slice(begin + 1, end).join("\n"));
  } catch {
    return undefined;
  }
  const { apiServerEndpoint, caCertData, token, nodeName, labels = {}, taints = [], maxPods } = value;
  const isText = (field: unknown): field is string => typeof field === "string" && field !== "";
  if (!isText(apiServerEndpoint) || !isText(caCertData) || !isText(token) || !isText(nodeName)) return undefined;
  if (typeof maxPods !== "number") return undefined;
  return {
    apiServerEndpoint,
    caCertPem: Buffer.from(caCertData, "base64").toString("utf8"),
    token,
    nodeName,
    labels: labels as JoinDocument["labels"],
    taints: taints as JoinDocument["taints"],
    maxPods,
  };
}
