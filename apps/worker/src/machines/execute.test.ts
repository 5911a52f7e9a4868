import { type Kubernetes, type Node, PortError } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { liveLease } from "../testing/live-lease.ts";
import { executeMachineAction, type MachineContext } from "./execute.ts";

const node: Node = { apiVersion: "v1", kind: "Node", metadata: { name: "mac-1", uid: "new", labels: {} } };

/** Knows one node; a patch is taken when its tests on the uid hold, as the API server does. */
function kubeWith(present: Node | undefined) {
  const written: unknown[] = [];
  const kubernetes: Partial<Kubernetes> = {
    apply: async (object) => {
      written.push(object);
      return object;
    },
    patch: async (_kind, _key, operations) => {
      const uid = operations.find(({ op, path }) => op === "test" && path === "/metadata/uid")?.value;
      if (present === undefined) throw new PortError("not_found", "no such node");
      if (uid !== present.metadata.uid) throw new PortError("conflict", "another uid");
      written.push(operations);
      return present as never;
    },
  };
  return { kubernetes: kubernetes as Kubernetes, written };
}

const settle = (kubernetes: Kubernetes, uid: string) =>
  executeMachineAction(
    {
      kubernetes,
      effects: { reached: () => {} },
      lease: liveLease(),
      machine: { id: "mac_1", nodeName: "mac-1", pool: { id: "pool_1" } },
    } as unknown as MachineContext,
    { kind: "settle_node", uid },
  );

describe("settling a node", () => {
  it("labels the node that was seen", async () => {
    const { kubernetes, written } = kubeWith(node);
    await settle(kubernetes, "new");
    expect(written).toHaveLength(1);
  });

  it("brings back no node that was deleted meanwhile, and touches no other of its name", async () => {
    const gone = kubeWith(undefined);
    await expect(settle(gone.kubernetes, "old")).rejects.toMatchObject({ kind: "not_found" });
    const other = kubeWith(node);
    await expect(settle(other.kubernetes, "old")).rejects.toMatchObject({ kind: "conflict" });
    expect([...gone.written, ...other.written]).toEqual([]);
  });
});
