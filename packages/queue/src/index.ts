export { QUEUES, type QueueEntry } from "./catalog.ts";
export { EvictingRedis, type OpenQueue, openQueue, type QueueConfig, type QueueOptions } from "./open-queue.ts";
export { type DueSource, type Relay, type RelayOptions, startRelay } from "./relay.ts";
