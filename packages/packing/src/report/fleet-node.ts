import { type Allocatable, holdsData, type MachineState, type Role } from "@berth/domain";
import type { FleetNode, Used } from "./fleet-figures.ts";

/** A machine's row with its instances', as they are stored. */
export interface StoredMachine {
  readonly priceMicroUsdPerHour: number;
  readonly allocatable: Allocatable;
  readonly state: MachineState;
  readonly instances: readonly {
    readonly organizationId: string;
    readonly cpuMilli: number;
    readonly memoryMib: number;
    readonly roles: readonly Role[];
    readonly used: Used | null;
  }[];
}

/** Every instance has one today. */
export const VOLUMES_OF_AN_INSTANCE = 1;

/** A stored machine as its figures are counted. */
export function fleetNodeOf({ priceMicroUsdPerHour, allocatable, state, instances }: StoredMachine): FleetNode {
  return {
    priceMicroUsdPerHour,
    allocatable,
    state: state === "ready" ? "ready" : LEAVING.includes(state) ? "leaving" : "coming",
    instances: instances.map(({ organizationId, cpuMilli, memoryMib, roles, used }) => ({
      organizationId,
      cpuMilli,
      memoryMib,
      volumes: VOLUMES_OF_AN_INSTANCE,
      holdsData: holdsData(roles),
      used: used ?? undefined,
    })),
  };
}

const LEAVING: readonly MachineState[] = ["draining", "terminating"];
