export { needsVolumes } from "./cluster/data.ts";
export * from "./cluster/decide.ts";
export * from "./cluster/types.ts";
export * from "./machine/decide.ts";
export { isInDoubt, UNSEEN_GUARD } from "./machine/rules.ts";
export * from "./machine/types.ts";
export * from "./namespace/decide.ts";
export * from "./namespace/types.ts";
