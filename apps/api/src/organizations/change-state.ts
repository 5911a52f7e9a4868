import {
  lockAnyOrganization,
  type OrganizationRow,
  readQuota,
  resumeOrganization as storeResumption,
  suspendOrganization as storeSuspension,
  type Tx,
} from "@berth/db";
import { err, ok, type Result } from "@berth/domain";
import type { ApiDeps } from "../deps.ts";
import { NOT_FOUND, type Refusal, refuse } from "../http/refusal.ts";
import type { SeenOrganization } from "./wire.ts";

interface StateRequest {
  readonly organizationId: string;
  readonly reason: string;
  readonly actor: string;
  readonly requestId: string;
}

/**
 * Closes an organization's keys; what runs goes on. Nobody can do it to an organization of the platform's people: they could
 * not undo it. One that is suspended stays as it is, with the reason that it has. One transaction, the caller's.
 */
export function suspendOrganization(
  deps: ApiDeps,
  tx: Tx,
  request: StateRequest,
): Promise<Result<SeenOrganization, Refusal>> {
  return change(tx, request, async (before) => {
    if (before.kind === "platform")
      return refuse("invalid_state", "An organization of the platform cannot be suspended.");
    if (before.state === "suspended") return ok(before);
    return ok(await storeSuspension(tx, deps.ids, { before, ...request }));
  });
}

/** Lets an organization's keys open again what they did. One that is active stays as it is. One transaction, the caller's. */
export function resumeOrganization(
  deps: ApiDeps,
  tx: Tx,
  request: StateRequest,
): Promise<Result<SeenOrganization, Refusal>> {
  return change(tx, request, async (before) =>
    ok(before.state === "active" ? before : await storeResumption(tx, deps.ids, { before, ...request })),
  );
}

async function change(
  tx: Tx,
  { organizationId }: StateRequest,
  work: (before: OrganizationRow) => Promise<Result<OrganizationRow, Refusal>>,
): Promise<Result<SeenOrganization, Refusal>> {
  const before = await lockAnyOrganization(tx, organizationId);
  if (before === undefined) return err(NOT_FOUND);
  const organization = await work(before);
  if (!organization.ok) return organization;
  return ok({ organization: organization.value, usage: await readQuota(tx, before.id) });
}
