export * from "./client.ts";
export * from "./problem-error.ts";
export type { ClientOptions, QueryValue, RawAnswer, RawRequest } from "./transport.ts";
