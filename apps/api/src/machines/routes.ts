import { ROUTES } from "@berth/contract";
import { findMachine, listLaunches, listMachines, listResidents, type MachineRow } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { toMachineBody, toMachineDetailBody } from "./wire.ts";

/** Cloud boxes, and what is on them. For operators. */
export function machineRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { pageTokens } = deps;

  serve(app, ROUTES.listMachines, async (call) => {
    const { db, query } = call;
    const list = startList(pageTokens, "listMachines", call);
    const page = await listMachines(db, {
      kubeId: query.kube_id,
      poolId: query.pool_id,
      zone: query.zone,
      machineType: query.machine_type,
      state: query.state,
      ...list.asked,
    });
    const ids = page.rows.map(({ id }) => id);
    const residents = await listResidents(db, ids);
    const toBody = ({ id, ...machine }: MachineRow) =>
      toMachineBody(
        { id, ...machine },
        residents.filter((one) => one.machineId === id),
      );
    return ok({ status: 200, body: list.toBody(page, toBody, (row) => row) });
  });

  serve(app, ROUTES.getMachine, async ({ db, params }) => {
    const machine = await findMachine(db, params.machine_id);
    if (machine === undefined) return err(NOT_FOUND);
    const [residents, launches] = await Promise.all([listResidents(db, [machine.id]), listLaunches(db, machine.id)]);
    return ok({ status: 200, body: toMachineDetailBody(machine, residents, launches) });
  });
}
