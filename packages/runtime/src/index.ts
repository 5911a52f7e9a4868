export * from "./clock.ts";
export * from "./config.ts";
export * from "./ids.ts";
export * from "./local-key-provider.ts";
export * from "./logger.ts";
export * from "./metrics.ts";
