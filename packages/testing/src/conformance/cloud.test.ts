import { createEc2Cloud, createTokenBucket } from "@berth/ec2";
import {
  createEc2Model,
  Ec2Error,
  QUICK_TIMINGS,
  realSimulationClock,
  SIMULATED_ACCESS_KEY,
  startEc2Server,
} from "@berth/simulator";
import { CLOUD_CASES, type CloudEnv } from "./cloud.ts";
import { runConformance } from "./run-suite.ts";

runConformance("the simulated EC2", CLOUD_CASES, async () => {
  const model = createEc2Model({
    clock: realSimulationClock(20),
    seed: 1,
    region: "us-east-1",
    zones: ["us-east-1a", "us-east-1b"],
    timings: QUICK_TIMINGS,
  });
  const server = await startEc2Server({ model });
  const cloud = createEc2Cloud({
    region: "us-east-1",
    endpoint: server.url,
    credentials: SIMULATED_ACCESS_KEY,
    launchBucket: createTokenBucket({ perSecond: 1000, burst: 1000 }),
  });
  const { faults } = model;
  const env: CloudEnv = {
    machineType: "m7i.xlarge",
    otherMachineType: "m7i.2xlarge",
    imageId: "ami-0123456789abcdef0",
    zone: "us-east-1a",
    attempts: 3,
    patienceMs: 10_000,
    bulk: 520,
    launchedWith: async (instanceId) => {
      const [view] = model.describeInstances({ instanceIds: [instanceId] }).items;
      if (view === undefined) throw new Error("the model has no such instance");
      const { userData, metadataOptions, blockDevices } = view.instance.request;
      const [root] = blockDevices;
      return {
        userData: Buffer.from(userData ?? "", "base64").toString("utf8"),
        httpTokens: metadataOptions?.httpTokens ?? "",
        hopLimit: metadataOptions?.httpPutResponseHopLimit ?? 0,
        rootEncrypted: root?.encrypted === true,
        rootVolumeGib: root?.volumeSizeGib ?? 0,
      };
    },
    exhaust: async (type, zone) => {
      faults.setCapacity(type, zone, 0);
      return () => faults.setCapacity(type, zone, undefined);
    },
    withdraw: async (type, zone) => {
      faults.setOffered(type, zone, false);
      return () => faults.setOffered(type, zone, true);
    },
    limitInstances: async () => {
      faults.setInstanceLimit(0);
      return () => faults.setInstanceLimit(undefined);
    },
    throttleNext: async (action, calls) => {
      faults.refuseNext(action, new Ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503), calls);
    },
    deny: async (action) => {
      faults.setDenied(action, true);
      return () => faults.setDenied(action, false);
    },
    loseAnswers: async (action, calls) => faults.loseAnswers(action, calls),
  };
  return {
    port: cloud,
    env,
    close: async () => {
      cloud.close();
      await server.close();
    },
  };
});
