export * from "./engine.ts";
export { CUSTOMER_ROLES } from "./security.ts";
