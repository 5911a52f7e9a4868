export * from "./cluster/decide.ts";
export * from "./cluster/types.ts";
export * from "./machine/decide.ts";
export * from "./machine/types.ts";
