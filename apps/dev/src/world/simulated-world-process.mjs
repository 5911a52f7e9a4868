import { register } from "tsx/esm/api";

register();
const { runSimulatedWorld } = await import("./simulated-world-process.ts");
await runSimulatedWorld();
