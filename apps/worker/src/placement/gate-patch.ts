import { LABELS, SCHEDULING_GATE } from "@berth/domain";
import type { JsonPatchOperation, NodeSelectorTerm, Pod } from "@berth/ports";
import { escapePointer } from "../escape-pointer.ts";

/**
 * One guarded patch that sends a gated pod to a node: the affinity is tightened, the zone label set and the gate lifted.
 *
 * The tests on uid and resourceVersion make it all or nothing: a pod that changed meanwhile is planned again. Tightening
 * keeps every term that the template had and adds the node's name to each (terms are alternatives).
 */
export function gatePatch(pod: Pod, nodeName: string, zone: string): JsonPatchOperation[] {
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const byName = { key: "metadata.name", operator: "In", values: [nodeName] };
  const tightened: NodeSelectorTerm[] =
    terms.length === 0
      ? [{ matchFields: [byName] }]
      : terms.map((term) => ({ ...term, matchFields: [...(term.matchFields ?? []), byName] }));
  const gates = (pod.spec.schedulingGates ?? []).filter((gate) => gate.name !== SCHEDULING_GATE);
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: tightened } };
  return [
    { op: "test", path: "/metadata/uid", value: pod.metadata.uid },
    { op: "test", path: "/metadata/resourceVersion", value: pod.metadata.resourceVersion },
    {
      op: "add",
      path: "/spec/affinity",
      value: { ...pod.spec.affinity, nodeAffinity: { ...pod.spec.affinity?.nodeAffinity, ...required } },
    },
    { op: "add", path: `/metadata/labels/${escapePointer(LABELS.zone)}`, value: zone },
    gates.length === 0
      ? { op: "remove", path: "/spec/schedulingGates" }
      : { op: "replace", path: "/spec/schedulingGates", value: gates },
  ];
}
