import type { Node, Pod } from "./objects.ts";
import { podRequests } from "./pod-resources.ts";
import { isBound, isTerminal } from "./pods.ts";
import { addTo, type Vector, vectorOf } from "./quantities.ts";
import { NODES, PODS, type Resource } from "./resources.ts";
import { objectKey, type Store } from "./store.ts";

/** A node as the scheduler sees it: what it offers, and what is taken by bound and by assumed pods. */
export interface NodeInfo {
  readonly name: string;
  node: Node;
  allocatable: Vector;
  readonly requested: Vector;
  readonly pods: Map<string, Pod>;
}

/** Sums by node, kept up with every write, so that one decision costs nodes and not pods. */
export class SchedulerCache {
  private readonly store: Store;
  private readonly infos = new Map<string, NodeInfo>();
  /** Pods by key -> the node that they are counted on, with what they were counted for. */
  private readonly counted = new Map<string, { node: string; requests: Vector }>();
  private readonly assumed = new Map<string, Pod>();

  constructor(store: Store) {
    this.store = store;
    store.onChange(({ resource, type, object }) => {
      if (resource === (NODES as Resource)) {
        if (type === "DELETED") this.infos.delete(object.metadata.name);
        else this.setNode(object as Node);
      } else if (resource === (PODS as Resource)) this.setPod(object as Pod, type === "DELETED");
    });
  }

  rebuild(): void {
    this.infos.clear();
    this.counted.clear();
    this.assumed.clear();
    for (const node of this.store.all(NODES)) this.setNode(node);
    for (const pod of this.store.all(PODS)) this.setPod(pod, false);
  }

  nodes(): NodeInfo[] {
    return [...this.infos.values()];
  }

  get(name: string): NodeInfo | undefined {
    return this.infos.get(name);
  }

  /** Counts a pod on a node before it is bound there. */
  assume(pod: Pod, nodeName: string): void {
    const key = objectKey(pod.metadata.namespace, pod.metadata.name);
    this.assumed.set(key, pod);
    this.count(key, { ...pod, spec: { ...pod.spec, nodeName } });
  }

  forget(key: string): void {
    if (!this.assumed.delete(key)) return;
    this.uncount(key);
  }

  private setNode(node: Node): void {
    const { name } = node.metadata;
    const present = this.infos.get(name);
    if (present !== undefined) {
      if (present.node.status.allocatable !== node.status.allocatable)
        present.allocatable = vectorOf(node.status.allocatable);
      present.node = node;
      return;
    }
    const info: NodeInfo = {
      name,
      node,
      allocatable: vectorOf(node.status.allocatable),
      requested: {},
      pods: new Map(),
    };
    this.infos.set(name, info);
    // Pods can be bound before the node is seen, and stay when it is deleted and comes back.
    for (const [key, entry] of this.counted) {
      if (entry.node !== name) continue;
      const [namespace, podName = ""] = key.split("/");
      const pod = this.store.get(PODS, namespace, podName);
      if (pod !== undefined) info.pods.set(key, pod);
      addTo(info.requested, entry.requests);
    }
  }

  private setPod(pod: Pod, gone: boolean): void {
    const key = objectKey(pod.metadata.namespace, pod.metadata.name);
    if (!gone && !isBound(pod) && this.assumed.has(key)) return;
    this.assumed.delete(key);
    const entry = this.counted.get(key);
    if (!gone && isBound(pod) && !isTerminal(pod)) {
      if (entry !== undefined && entry.node === pod.spec.nodeName) {
        const info = this.infos.get(entry.node);
        if (info?.pods.get(key)?.spec === pod.spec) {
          info.pods.set(key, pod);
          return;
        }
      }
      this.uncount(key);
      this.count(key, pod);
    } else if (entry !== undefined) this.uncount(key);
  }

  private count(key: string, pod: Pod): void {
    const node = pod.spec.nodeName ?? "";
    const requests = { ...podRequests(pod.spec), pods: 1 };
    this.counted.set(key, { node, requests });
    const info = this.infos.get(node);
    if (info === undefined) return;
    info.pods.set(key, pod);
    addTo(info.requested, requests);
  }

  private uncount(key: string): void {
    const entry = this.counted.get(key);
    if (entry === undefined) return;
    this.counted.delete(key);
    const info = this.infos.get(entry.node);
    if (info === undefined) return;
    info.pods.delete(key);
    addTo(info.requested, entry.requests, -1);
  }
}
