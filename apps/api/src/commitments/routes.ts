import { ROUTES } from "@berth/contract";
import { auditCommitments, deleteCommitment, findCommitment, listCommitments, listExpiries } from "@berth/db";
import { err, ok } from "@berth/domain";
import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "../deps.ts";
import { actorOf } from "../http/actor.ts";
import { once } from "../http/idempotency.ts";
import { startList } from "../http/list.ts";
import { NOT_FOUND, RefusalError } from "../http/refusal.ts";
import { serve } from "../http/serve.ts";
import { readCommitmentFile } from "./read-commitment-file.ts";
import { readUsage } from "./read-usage.ts";
import { registerCommitments } from "./register-commitments.ts";
import { toCommitmentBody, toExpiriesBody } from "./wire.ts";

/** What was bought for a term. For operators. */
export function commitmentRoutes(app: FastifyInstance, deps: ApiDeps): void {
  serve(app, ROUTES.createCommitment, async (call) =>
    once(deps, ROUTES.createCommitment, call, async (tx) => {
      const { organizationId } = call.principal;
      const at = (field: string, detail: string) => ({ pointer: `/${field}`, detail });
      const by = { source: "operator" as const, organizationId, ...actorOf(call) };
      const rows = await registerCommitments(deps, tx, [{ body: call.body, at }], by);
      if (!rows.ok) return rows;
      const [body] = rows.value.map(toCommitmentBody);
      if (body === undefined) return err(NOT_FOUND);
      return ok({ status: 201, headers: { Location: `/v1/admin/commitments/${body.id}` }, body });
    }),
  );

  serve(app, ROUTES.importCommitments, async (call) =>
    once(deps, ROUTES.importCommitments, call, async (tx) => {
      const given = readCommitmentFile(call.body.csv);
      if (!given.ok) return given;
      const by = { source: "file" as const, organizationId: call.principal.organizationId, ...actorOf(call) };
      const rows = await registerCommitments(deps, tx, given.value, by);
      if (!rows.ok) return rows;
      return ok({ status: 201, body: { data: rows.value.map(toCommitmentBody) } });
    }),
  );

  serve(app, ROUTES.listCommitments, async (call) => {
    const list = startList(deps.pageTokens, "listCommitments", call);
    const { kind, region, state, ends_before: endsBefore } = call.query;
    const filter = { kind, region, state, endsBefore: endsBefore === undefined ? undefined : new Date(endsBefore) };
    const page = await listCommitments(call.db, { ...filter, ...list.asked });
    return ok({ status: 200, body: list.toBody(page, toCommitmentBody, (row) => row) });
  });

  serve(app, ROUTES.listCommitmentExpiries, async ({ db }) =>
    ok({ status: 200, body: toExpiriesBody(await listExpiries(db)) }),
  );

  serve(app, ROUTES.getCommitmentUsage, async ({ db, query }) => {
    const usage = await readUsage(db, query, deps.clock.now());
    return usage.ok ? ok({ status: 200, body: usage.value }) : usage;
  });

  serve(app, ROUTES.getCommitment, async ({ db, params }) => {
    const row = await findCommitment(db, params.commitment_id);
    return row === undefined ? err(NOT_FOUND) : ok({ status: 200, body: toCommitmentBody(row) });
  });

  serve(app, ROUTES.deleteCommitment, async (call) => {
    const { organizationId } = call.principal;
    const deleted = await call.db.transaction(async (tx) => {
      const row = await deleteCommitment(tx, call.params.commitment_id);
      // It would be read again within minutes. The transaction is undone by it.
      if (row?.source === "ec2") {
        throw new RefusalError({
          code: "invalid_state",
          detail: "It is read from EC2, and is there as long as EC2 has it.",
        });
      }
      if (row !== undefined)
        await auditCommitments(tx, deps.ids, { organizationId, ...actorOf(call) }, "commitment.delete", [row]);
      return row;
    });
    return deleted === undefined ? err(NOT_FOUND) : ok({ status: 204, body: undefined });
  });
}
