/** Machines of a type in a zone. */
export interface PackedMachines {
  readonly zone: string;
  readonly machineType: string;
  readonly count: number;
}

/** A kube's instances, and the machines that they come to when they are packed anew. */
export type PackedKube = {
  readonly kubeId: string;
  readonly region: string;
  readonly instances: number;
  /** What they ask for. */
  readonly memoryMib: number;
} & (
  | {
      readonly isPacked: true;
      readonly machines: readonly PackedMachines[];
      /** What runs on one family's machines, on those of another alone. */
      readonly instead: readonly {
        readonly family: string;
        readonly instead: string;
        readonly machines: readonly PackedMachines[];
      }[];
    }
  /** In a sentence. */
  | { readonly isPacked: false; readonly why: string }
);

/** What all instances of a region asked for in a clock-hour. */
export interface LoadHour {
  readonly region: string;
  readonly hour: number;
  readonly memoryMib: number;
}
