import type {
  ClusterId,
  KubeId,
  OrganizationId,
  PackingStudyId,
  PackingStudyKind,
  PackingStudyState,
} from "@berth/domain";
import type { HeldLease, KubeRecord } from "./types.ts";

export interface StudyRecord {
  readonly id: PackingStudyId;
  readonly kubeId: KubeId;
  readonly kind: PackingStudyKind;
  readonly state: PackingStudyState;
  /** As it was stored: the engine's request. */
  readonly request: unknown;
  /** How often it was begun. */
  readonly attempts: number;
  readonly wakes: number;
}

/** An instance that must run, as a study sees it. */
export interface StudyInstanceRecord {
  readonly clusterId: ClusterId;
  readonly organizationId: OrganizationId;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  /** Null while it waits for a place. */
  readonly nodeName: string | null;
  /** Where its volume is; while it has none, every zone of its component. */
  readonly zones: readonly string[];
}

/** What the studies loop reads and writes. */
export interface StudyStore {
  find(id: PackingStudyId): Promise<StudyRecord | undefined>;
  /** Of clusters that are not being deleted. */
  findFleet(
    kubeId: KubeId,
  ): Promise<{ readonly kube: KubeRecord; readonly instances: readonly StudyInstanceRecord[] } | undefined>;
  /** It runs, once more. From here on it is due again when nothing is told of it for a while: its worker may be gone. */
  recordStarted(lease: HeldLease, id: PackingStudyId): Promise<void>;
  recordProgress(
    lease: HeldLease,
    id: PackingStudyId,
    progress: { readonly percent: number; readonly step: string },
  ): Promise<void>;
  /** The end: it is never due again. */
  recordResult(
    lease: HeldLease,
    id: PackingStudyId,
    outcome: {
      readonly result: object;
      readonly files?: { readonly types: string; readonly instances: string; readonly certificate: string };
    },
  ): Promise<void>;
  /** The end too. */
  recordFailure(
    lease: HeldLease,
    id: PackingStudyId,
    failure: { readonly code: string; readonly message: string },
  ): Promise<void>;
}
