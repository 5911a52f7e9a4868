import { randomUUID } from "node:crypto";
import { Agent, type IncomingMessage, request } from "node:http";
import { expect } from "vitest";
import { aCluster, MANY, startTestApi } from "./test-api.ts";

export interface Storm {
  readonly keys: number;
  /** How many ask with the same key at the same time. */
  readonly callers: number;
  /** Of a hundred answers, how many never arrive. */
  readonly lostPercent: number;
  /** Keys that are used at the same time. */
  readonly keysAtOnce: number;
  readonly seed: number;
}

interface Whole {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

/**
 * Creates of clusters over sockets, each by many callers at once who lose answers and ask again until one arrives: as many
 * clusters as keys, and one answer for all callers of a key, with its password and to the byte. Gives how often was asked.
 */
export async function weather({ keys, callers, lostPercent, keysAtOnce, seed }: Storm): Promise<number> {
  const api = await startTestApi();
  const agent = new Agent({ keepAlive: true, maxSockets: keysAtOnce * callers });
  let asked = 0;
  let draws = seed;
  /** A linear congruential generator (Numerical Recipes): the same losses for the same order of answers. */
  const isLost = () => {
    draws = (Math.imul(draws, 1664525) + 1013904223) >>> 0;
    return draws % 100 < lostPercent;
  };
  try {
    const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
    const { key, organizationId } = await api.newTenant(MANY);
    const send = (body: string, idempotencyKey: string) =>
      new Promise<Whole | undefined>((resolve) => {
        asked += 1;
        const headers = {
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          "idempotency-key": idempotencyKey,
        };
        const sent = request(`${url}/v1/clusters`, { method: "POST", agent, headers }, (response) => {
          if (!isLost()) return resolve(readWhole(response));
          response.destroy();
          resolve(undefined);
        });
        sent.once("error", () => resolve(undefined));
        sent.end(body);
      });
    const untilAnswered = async (body: string, idempotencyKey: string): Promise<Whole> => {
      for (;;) {
        const answer = await send(body, idempotencyKey);
        // Not now: the database has no connection free, or the first of them is still at work.
        if (answer !== undefined && answer.status !== 503 && answer.status !== 409) return answer;
      }
    };

    let next = 0;
    const lane = async () => {
      while (next < keys) {
        const body = JSON.stringify(aCluster({ name: `storm-${next++}` }));
        const idempotencyKey = randomUUID();
        const answers = await Promise.all(Array.from({ length: callers }, () => untilAnswered(body, idempotencyKey)));
        expect(answers[0]).toMatchObject({ status: 202, location: expect.stringContaining("/v1/clusters/cl_") });
        for (const answer of answers) expect(answer).toEqual(answers[0]);
      }
    };
    await Promise.all(Array.from({ length: keysAtOnce }, lane));

    const count = async (what: string) =>
      (
        await api.owner.query<{ count: number }>(
          `select count(*)::int as count from ${what} where organization_id = $1`,
          [organizationId],
        )
      )[0]?.count;
    expect(await count("cluster")).toBe(keys);
    expect(await count("operation")).toBe(keys);
    expect(await count("idempotency_record")).toBe(keys);
    expect(await count("audit_event")).toBe(keys);
    return asked;
  } finally {
    agent.destroy();
    await api.close();
  }
}

function readWhole(response: IncomingMessage): Promise<Whole | undefined> {
  return new Promise((resolve) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      text += chunk;
    });
    response.once("end", () =>
      resolve({ status: response.statusCode ?? 0, location: response.headers.location, text }),
    );
    response.once("error", () => resolve(undefined));
  });
}
