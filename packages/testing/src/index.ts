export { freePort } from "./free-port.ts";
export { type WaitOptions, waitFor } from "./wait-for.ts";
