import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApi, type Tenant, type TestApi } from "../testing/test-api.ts";

let api: TestApi;
let one: Tenant;
let other: Tenant;
const PATH = "/v1/admin/audit_events";
const list = async (query = "", key = api.operator.key) => (await api.ask("GET", `${PATH}${query}`, { key })).json();
type Listed = { id: string; number: number; organization_id: string; target: { id: string } };
const numbersOf = ({ data }: { data: Listed[] }) => data.map(({ number }) => number);

beforeAll(async () => {
  api = await startTestApi();
  [one, other] = [await api.newTenant(), await api.newTenant()];
  for (const name of ["a", "b", "c"]) {
    for (const { key } of [one, other]) await api.ask("POST", "/v1/projects", { key, body: { name } });
  }
});
afterAll(() => api.close());

describe("GET /v1/admin/audit_events", () => {
  it("200: rows of all organizations, newest first, through pages", async () => {
    const filter = "?action=project.create";
    const whole = await list(filter);
    const first = await list(`${filter}&limit=4`);
    const rest = await list(`${filter}&limit=4&page_token=${first.next_page_token}`);
    expect([...first.data, ...rest.data]).toEqual(whole.data);
    expect(rest.next_page_token).toBeNull();
    const ids = whole.data.map(({ id }: Listed) => id);
    expect(ids).toEqual([...ids].sort().reverse());
    expect(new Set(whole.data.map((row: Listed) => row.organization_id))).toEqual(
      new Set([one.organizationId, other.organizationId]),
    );
  });

  it("200: of one organization, in the order of its numbers, either way", async () => {
    const filter = `?organization_id=${one.organizationId}&action=project.create`;
    expect(numbersOf(await list(filter))).toEqual([3, 2, 1]);
    const first = await list(`${filter}&order=created_at&limit=2`);
    expect(numbersOf(first)).toEqual([1, 2]);
    expect(numbersOf(await list(`${filter}&order=created_at&limit=2&page_token=${first.next_page_token}`))).toEqual([
      3,
    ]);
    const [{ target }] = first.data;
    expect(numbersOf(await list(`?target_id=${target.id}`))).toEqual([1]);
  });

  it("400: a token of another filter, or of the other order", async () => {
    const { next_page_token } = await list(`?organization_id=${one.organizationId}&limit=1`);
    for (const query of [
      "",
      `&organization_id=${other.organizationId}`,
      `&organization_id=${one.organizationId}&order=created_at`,
    ]) {
      expect((await list(`?limit=1&page_token=${next_page_token}${query}`)).code).toBe("invalid_page_token");
    }
  });

  it("403: to whoever of the platform may not read the audit logs, and to every customer", async () => {
    const reader = await api.newMember(api.operator.organizationId, "operator-read");
    expect((await list("", reader.key)).code).toBe("insufficient_scope");
    expect((await list("", one.key)).code).toBe("insufficient_scope");
    const auditor = await api.newMember(api.operator.organizationId, "security-audit");
    expect((await list("?limit=1", auditor.key)).data).toHaveLength(1);
  });
});
