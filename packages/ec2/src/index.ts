export * from "./catalog.ts";
export * from "./cloud.ts";
export * from "./token-bucket.ts";
export * from "./user-data.ts";
