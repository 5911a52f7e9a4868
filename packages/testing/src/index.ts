export { freePort } from "./free-port.ts";
export {
  type CreateDatabaseOptions,
  createDatabase,
  type DatabaseTemplate,
  type TestDatabase,
} from "./postgres/create-database.ts";
export {
  startThrowawayPostgres,
  type ThrowawayPostgres,
  type ThrowawayPostgresOptions,
} from "./postgres/throwaway-postgres.ts";
export { type ProcessSpec, type RunningProcess, startProcess } from "./processes/start-process.ts";
export { type WaitOptions, waitFor } from "./wait-for.ts";
