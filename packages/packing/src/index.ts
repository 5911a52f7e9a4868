export * from "./bound/certificate.ts";
export * from "./case/packing-case.ts";
export * from "./check-placement.ts";
export * from "./launch-options.ts";
export * from "./place.ts";
export * from "./quarantine.ts";
export * from "./types.ts";
