import { createEc2Cloud } from "@berth/ec2";
import {
  createEc2Model,
  inProcessCloud,
  QUICK_TIMINGS,
  realSimulationClock,
  SIMULATED_ACCESS_KEY,
  startEc2Server,
} from "@berth/simulator";
import { expect, it } from "vitest";

// What EC2 tells of purchases, by the adapter on the simulator's wire, and by the in-process port: the emulator of the
// conformance suite has no reserved instances.
it("reserved instances are read with what one of them costs, and both ports tell the same", async () => {
  const model = createEc2Model({
    clock: realSimulationClock(20),
    seed: 1,
    region: "us-east-1",
    zones: ["us-east-1a"],
    timings: QUICK_TIMINGS,
  });
  const server = await startEc2Server({ model });
  const cloud = createEc2Cloud({ region: "us-east-1", endpoint: server.url, credentials: SIMULATED_ACCESS_KEY });
  try {
    expect(await cloud.reservedInstances()).toEqual([]);
    for (const offering of model.describeReservedOfferings("m7i.xlarge")) model.purchaseReserved(offering.id, 3);
    const told = await cloud.reservedInstances();
    expect(told).toEqual(await inProcessCloud(model).reservedInstances());
    expect(told.map(({ durationSeconds, payment }) => [durationSeconds, payment])).toEqual(
      [31_536_000, 94_608_000].flatMap((seconds) =>
        ["No Upfront", "Partial Upfront", "All Upfront"].map((payment) => [seconds, payment]),
      ),
    );
    for (const { upfrontMicroUsd, hourlyMicroUsd, payment, startsAt, endsAt, durationSeconds, ...rest } of told) {
      expect([upfrontMicroUsd > 0, hourlyMicroUsd > 0]).toEqual([payment !== "No Upfront", payment !== "All Upfront"]);
      expect(endsAt.getTime() - startsAt.getTime()).toBe(durationSeconds * 1000);
      expect(rest).toMatchObject({
        machineType: "m7i.xlarge",
        count: 3,
        zone: undefined,
        platform: "Linux/UNIX",
        tenancy: "default",
      });
    }
  } finally {
    cloud.close();
    await server.close();
  }
});
