import { expect, test } from "vitest";
import { engineSeconds, readEngineLog } from "./engine-log.ts";

/** Lines of an Elasticsearch 8.19.21, shortened at the end. */
const MASTER = `[2026-11-28T03:53:55,300][INFO ][o.e.n.Node               ] [data-2] started {data-2}{O1mPt-voQ-y9g1EMN_1O6w}
[2026-11-28T03:54:01,068][INFO ][o.e.r.ReadinessService   ] [data-2] readiness change: fileSettingsApplied=true
[2026-11-28T03:54:01,103][INFO ][o.e.r.ReadinessService   ] [data-2] readiness service up and running on [::]:37995
[2026-11-28T03:54:02,537][INFO ][o.e.c.m.MetadataCreateIndexService] [data-2] [.security-7] creating index, cause [api]
[2026-11-28T03:54:10,000][INFO ][o.e.c.r.a.AllocationService] [data-2] current.health="GREEN" message="Cluster health status changed from [YELLOW] to [GREEN] (reason: [x])."
[2026-11-28T03:54:16,679][INFO ][o.e.c.r.a.AllocationService] [data-2] current.health="GREEN" message="Cluster health status changed from [YELLOW] to [GREEN] (reason: [shards started [[.security-7][0]]])."`;
const OTHER =
  "[2026-11-28T03:54:01,032][INFO ][o.e.r.ReadinessService   ] [data-0] readiness service up and running on [::]:46611";
const at = (time: string) => Date.parse(`2026-11-28T${time}`);

test("a log tells when the engine was ready, when its users were asked for, and when it was green last", () => {
  expect(readEngineLog(MASTER)).toEqual({
    readyAt: at("03:54:01.103"),
    securityIndexAt: at("03:54:02.537"),
    greenAt: at("03:54:16.679"),
  });
  expect(readEngineLog(OTHER)).toEqual({ readyAt: at("03:54:01.032"), securityIndexAt: undefined, greenAt: undefined });
});

test("the engine's own time leaves out what it waits for: from the last start to ready, from the first user to green", () => {
  const logs = [readEngineLog(MASTER), readEngineLog(OTHER)];
  expect(engineSeconds([at("03:53:01.103"), at("03:52:00.000")], logs)).toBeCloseTo(60 + 14.142, 3);
});

test("users that were asked for while an engine still started count from when it was ready", () => {
  const late = { readyAt: at("03:54:10.000"), securityIndexAt: undefined, greenAt: undefined };
  expect(engineSeconds([at("03:54:00.000"), at("03:54:00.000")], [readEngineLog(MASTER), late])).toBeCloseTo(16.679, 3);
});

test("without a word of health, the way to ready is all that is known", () => {
  expect(engineSeconds([at("03:54:00.032")], [readEngineLog(OTHER)])).toBeCloseTo(1, 3);
});

test("an engine that never became ready makes no figure", () => {
  expect(() => engineSeconds([0], [readEngineLog("")])).toThrow("never ready");
});
