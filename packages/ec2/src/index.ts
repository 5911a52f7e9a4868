export * from "./catalog.ts";
export * from "./cloud.ts";
export { type AwsPrices, type AwsPricesOptions, createAwsPrices } from "./price-source.ts";
export * from "./token-bucket.ts";
export * from "./user-data.ts";
