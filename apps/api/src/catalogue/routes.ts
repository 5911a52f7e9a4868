import { ROUTES } from "@berth/contract";
import { listOpenRegions } from "@berth/db";
import {
  ENGINE_VERSIONS,
  HOURS_PER_MONTH,
  moneyFromMicroUsd,
  ok,
  SIZES,
  STORAGE_MICRO_USD_PER_GIB_HOUR,
  USUAL_CPU_LIMIT_PERCENT,
} from "@berth/domain";
import type { FastifyInstance } from "fastify";
import { serve } from "../http/serve.ts";
import { bytesOf } from "../http/wire.ts";
import { defaultVersion } from "./defaults.ts";

/** What a cluster can be made of. */
export function catalogueRoutes(app: FastifyInstance): void {
  serve(app, ROUTES.listRegions, async ({ db }) => {
    const regions = await listOpenRegions(db);
    return ok({ status: 200, body: { data: [...regions].map(([name, zones]) => ({ name, zones })) } });
  });

  serve(app, ROUTES.listVersions, async () => {
    const data = ENGINE_VERSIONS.map(({ engine, version, licence }) => ({
      engine,
      version,
      licence,
      default: version === defaultVersion(engine),
    }));
    return ok({ status: 200, body: { data } });
  });

  serve(app, ROUTES.listSizes, async () => {
    const data = SIZES.map((size) => ({
      name: size.name,
      memory_bytes: bytesOf(size.memoryMib),
      cpu_millis: size.cpuMilli,
      cpu_burst_millis: (size.cpuMilli * USUAL_CPU_LIMIT_PERCENT) / 100,
      storage_bytes: bytesOf(size.defaultStorageMib),
      storage_per_memory: size.defaultStorageMib / size.memoryMib,
      price_per_hour: moneyFromMicroUsd(size.priceMicroUsdPerHour),
      price_per_month: moneyFromMicroUsd(size.priceMicroUsdPerHour * HOURS_PER_MONTH),
      extra_storage_price_per_gib_hour: moneyFromMicroUsd(STORAGE_MICRO_USD_PER_GIB_HOUR),
    }));
    return ok({ status: 200, body: { data } });
  });
}
