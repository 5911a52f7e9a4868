export { makeApiKey, type NewApiKey, publicIdOf } from "./http/api-key.ts";
export { type Api, type ApiConfig, startApi } from "./start-api.ts";
