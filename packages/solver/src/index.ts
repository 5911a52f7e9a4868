export * from "./in-thread-solver.ts";
export * from "./open-solver.ts";
export * from "./threaded-solver.ts";
