import type { ClusterState, Guard } from "@berth/domain";
import type { ClusterAction } from "../cluster/types.ts";

/** A namespace that this installation made for a cluster, as a list showed it. Instants are milliseconds since 1970. */
export interface OwnNamespace {
  readonly name: string;
  readonly uid: string;
  readonly clusterId: string;
  readonly createdAt: number;
}

/** States of the clusters that have a row, read after the namespaces: a row is written before its namespace is made. */
export type ClusterStates = ReadonlyMap<string, ClusterState>;

/** A namespace whose cluster does not live: its row says deleted, or there is none. */
export interface OrphanedNamespace {
  readonly name: string;
  readonly uid: string;
  readonly row: "deleted" | "missing";
}

export interface NamespaceContents {
  readonly terminating: boolean;
  readonly anchor: { readonly uid: string; readonly terminating: boolean } | undefined;
  readonly pods: number;
  readonly claims: readonly { readonly name: string; readonly uid: string; readonly terminating: boolean }[];
}

export type NamespaceAction = Extract<ClusterAction, { kind: "delete_anchor" | "delete_claim" | "delete_namespace" }>;

export interface OrphanDecision {
  readonly verdict: "removing" | "kept";
  readonly actions: readonly NamespaceAction[];
  readonly guard: Omit<Guard, "since">;
}
