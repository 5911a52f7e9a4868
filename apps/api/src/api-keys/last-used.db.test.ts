import { expect, it } from "vitest";
import { startTestApi } from "../testing/test-api.ts";

it("when and from where a key was last used is stored when the API closes, of each key that was let in", async () => {
  const api = await startTestApi();
  const { key, organizationId } = await api.newTenant();
  await api.newKey(organizationId, ["clusters:read"]);
  for (const remoteAddress of ["192.0.2.1", "::ffff:192.0.2.2"]) {
    await api.app.inject({ url: "/v1/me", headers: { authorization: `Bearer ${key}` }, remoteAddress });
  }
  await api.app.close();
  const rows = await api.owner.query(
    `select last_used_from as address, last_used_at > now() - interval '1 minute' as recent from api_key
      where organization_id = $1 order by id`,
    [organizationId],
  );
  expect(rows).toEqual([
    { address: "192.0.2.2", recent: true },
    { address: null, recent: null },
  ]);
  await api.close();
});
