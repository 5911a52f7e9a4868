import type { Node } from "@berth/ports";

export function readyCondition(node: Node) {
  return node.status?.conditions?.find((condition) => condition.type === "Ready");
}

export function isReady(node: Node): boolean {
  return readyCondition(node)?.status === "True";
}
