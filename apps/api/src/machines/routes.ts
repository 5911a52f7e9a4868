import { ROUTES } from "@berth/contract";
import { findMachine, listLaunches, listMachines, listResidents, type MachineRow } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { startOf, toPageBody } from "../http/paginate.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { toMachineBody, toMachineDetailBody } from "./wire.ts";

/** Cloud boxes, and what is on them. For operators. */
export function machineRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.listMachines, async ({ db, principal, query }) => {
    const { limit, page_token, ...filter } = query;
    const scope = ["listMachines", principal.organizationId, filter] as const;
    const page = await listMachines(db, {
      kubeId: filter.kube_id,
      poolId: filter.pool_id,
      zone: filter.zone,
      state: filter.state,
      after: startOf(pageTokens, scope, page_token),
      limit,
    });
    const ids = page.rows.map(({ id }) => id);
    const residents = await listResidents(db, ids);
    const toBody = ({ id, ...machine }: MachineRow) =>
      toMachineBody(
        { id, ...machine },
        residents.filter((one) => one.machineId === id),
      );
    return ok({ status: 200, body: toPageBody(pageTokens, scope, page, toBody, ({ id }) => id) });
  });

  serve(app, ROUTES.getMachine, async ({ db, params }) => {
    const machine = await findMachine(db, params.machine_id);
    if (machine === undefined) return err(NOT_FOUND);
    const [residents, launches] = await Promise.all([listResidents(db, [machine.id]), listLaunches(db, machine.id)]);
    return ok({ status: 200, body: toMachineDetailBody(machine, residents, launches) });
  });
}
