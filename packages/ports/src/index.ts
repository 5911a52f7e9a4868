export * from "./clock.ts";
export * from "./cloud.ts";
export * from "./engine.ts";
export * from "./key-provider.ts";
export * from "./kubernetes.ts";
export * from "./kubernetes-objects.ts";
export * from "./port-error.ts";
export * from "./queue.ts";
