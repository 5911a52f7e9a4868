export {
  type AwsCatalogue,
  awsDataFolder,
  loadAwsCatalogue,
  type MachineTypeFacts as AwsTypeFacts,
} from "./catalogue.ts";
export { Ec2AnswerLost, Ec2Error } from "./error.ts";
export type { Ec2Faults } from "./faults.ts";
export type { Filter } from "./filters.ts";
export type {
  BlockDevice,
  Ec2Instance,
  Ec2InstanceState,
  LaunchRequest as Ec2LaunchRequest,
  MetadataOptions,
} from "./instance.ts";
export { createEc2Model, type Ec2Model, type InstanceQuery, type InstanceView, type MachineType } from "./model.ts";
export { AWS_TIMINGS, type Ec2Options, type Ec2Timings, QUICK_TIMINGS } from "./options.ts";
export type { Page } from "./paginate.ts";
export type { ReservedInstances, ReservedOffering } from "./reserved.ts";
export type { Ec2State } from "./state.ts";
export type { StateChange } from "./terminate.ts";
export { type Ec2Server, type Ec2ServerOptions, SIMULATED_ACCESS_KEY, startEc2Server } from "./wire/server.ts";
export type { AccessKey } from "./wire/signature.ts";
