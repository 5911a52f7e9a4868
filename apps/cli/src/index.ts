export { EXIT_CODES } from "./exit-codes.ts";
export { type Io, processIo } from "./io.ts";
export { runBerth } from "./main.ts";
