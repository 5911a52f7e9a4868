// By its path: no package may name testing among its dependencies, and only this file of the queue's tests reaches it.
export { startRedis, startThrowawayPostgres, waitFor } from "../../../testing/src/index.ts";
