import { DEFAULT_OVERHEAD } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { recordOffer } from "./record-offer.ts";
import type { CpuAndMemory, DesiredMachine } from "./types.ts";

const DAEMONS = { cpuMilli: DEFAULT_OVERHEAD.daemonCpuMilli, memoryMib: DEFAULT_OVERHEAD.daemonMemoryMib };
const NONE = { cpuMilli: 0, memoryMib: 0 };
const estimate = { cpuMilli: 1600, memoryMib: 6400 };

const look = (offer: CpuAndMemory | undefined, daemons: CpuAndMemory, over: Partial<DesiredMachine> = {}) =>
  recordOffer({ allocatable: estimate, estimate, ...over } as DesiredMachine, {
    uid: "n",
    ready: true,
    cordoned: false,
    settled: true,
    offer,
    daemons,
  });

describe("recordOffer", () => {
  it("notes what the node leaves beside its daemons, and for its like what is left beside the usual ones", () => {
    expect(look({ cpuMilli: 1900, memoryMib: 6000 }, NONE)).toEqual([
      {
        kind: "record_allocatable",
        left: { cpuMilli: 1900, memoryMib: 6000 },
        typical: { cpuMilli: 1900 - DAEMONS.cpuMilli, memoryMib: 6000 - DAEMONS.memoryMib },
      },
    ]);
    const heavy = { cpuMilli: 100, memoryMib: 2000 };
    expect(look({ cpuMilli: 1900, memoryMib: 6000 }, heavy)).toMatchObject([
      { left: { cpuMilli: 1800, memoryMib: 4000 }, typical: { cpuMilli: 1600, memoryMib: 4000 } },
    ]);
  });

  it("writes nothing while the figure is the one on record", () => {
    expect(look({ cpuMilli: 1900, memoryMib: 7000 }, DAEMONS)).toEqual([]);
    expect(look(undefined, NONE)).toEqual([]);
  });

  it("draws nothing for its like from a node that offers less than half of what it should, or that was brought", () => {
    const broken = look({ cpuMilli: 1900, memoryMib: 3000 }, NONE);
    expect(broken).toMatchObject([{ left: { cpuMilli: 1900, memoryMib: 3000 }, typical: undefined }]);
    expect(look({ cpuMilli: 1900, memoryMib: 6000 }, NONE, { estimate: undefined })).toMatchObject([
      { typical: undefined },
    ]);
  });
});
