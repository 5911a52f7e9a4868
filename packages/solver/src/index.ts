export * from "./in-thread-solver.ts";
export * from "./open-solver.ts";
export { openSolver } from "./threaded-solver.ts";
