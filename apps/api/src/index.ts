export { makeApiKey, type NewApiKey } from "./http/api-key.ts";
export { type Api, type ApiConfig, startApi } from "./start-api.ts";
