import { createLogger } from "@berth/runtime";
import { expect, it } from "vitest";
import { startTestApi } from "../testing/test-api.ts";

it("a key's secret is in the one answer that makes it, and in no log line, row, event, audit row or refusal", async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const api = await startTestApi({ logger: createLogger({ name: "api", level: "trace", destination }) });
  const { key } = await api.newTenant();
  const answers: string[] = [];
  const ask = async (method: string, url: string, body?: object, as = key) => {
    const answer = await api.ask(method, url, { key: as, ...(body === undefined ? {} : { body }) });
    answers.push(answer.body);
    return answer.json();
  };
  const made = (await api.ask("POST", "/v1/api_keys", { key, body: { name: "ci" } })).json();
  const path = `/v1/api_keys/${made.id}`;
  const body = { overlap_seconds: 60 };
  const rotated = (await api.ask("POST", `${path}/rotate`, { key, body })).json();
  await ask("PATCH", path, { name: "other" });
  await ask("GET", "/v1/api_keys");
  await ask("GET", path);
  await ask("GET", "/v1/me", undefined, made.key);
  await ask("POST", "/v1/api_keys", { name: made.key }, made.key); // No permission, and the secret where a name belongs.
  await ask("POST", "/v1/api_keys", { name: "x", [made.key]: 1 });
  await ask("DELETE", path);
  await api.app.close();

  const tables = await api.owner.query<{ name: string }>(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
  );
  const rows: string[] = [];
  for (const { name } of tables) {
    const found = await api.owner.query<{ row: string }>(`select t::text as row from ${name} t`);
    rows.push(...found.map(({ row }) => row));
  }
  expect(lines.length).toBeGreaterThan(10);
  expect(rows.length).toBeGreaterThan(10);
  // One refusal repeats the name of an unknown field: what the caller wrote, to the caller alone.
  const told = [...lines, ...rows, ...answers.filter((answer) => !answer.includes("unknown_field"))];
  for (const text of [key, made.key, rotated.key]) {
    const secret = text.slice(22);
    // As text, and as a bytea is written.
    for (const form of [secret, Buffer.from(secret).toString("hex")]) {
      expect(told.filter((one) => one.includes(form))).toEqual([]);
    }
  }
  await api.close();
}, 30_000);
