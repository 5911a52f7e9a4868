export * from "./clock.ts";
export * from "./ec2/index.ts";
export * from "./engine/index.ts";
export * from "./pod-runtime.ts";
export * from "./ports/index.ts";
export * from "./random.ts";
