import { ConfigError } from "@berth/runtime";
import closeWithGrace from "close-with-grace";
import { apiConfig } from "./config.ts";
import { startApi } from "./start-api.ts";

try {
  const api = await startApi(apiConfig(process.env));
  process.stdout.write(`${JSON.stringify({ api_url: api.url, metrics_url: api.metricsUrl })}\n`);
  closeWithGrace({ delay: 20_000 }, async ({ err }) => {
    if (err !== undefined) process.stderr.write(`${err.stack ?? err.message}\n`);
    await api.close();
  });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
