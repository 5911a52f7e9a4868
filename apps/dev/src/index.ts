export { runDemo } from "./demo/main.ts";
export { runDev } from "./main.ts";
