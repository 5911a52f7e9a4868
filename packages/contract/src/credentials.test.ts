import { describe, expect, it } from "vitest";
import { createCredentialBody } from "./credentials.ts";

describe("a new credential's name", () => {
  it.each(["elastic", "kibana_system", "logstash_system", "apm_system", "berth", "berth-x"])(
    "%s is refused: the engine would refuse it later, when nobody looks any more",
    (username) => {
      const result = createCredentialBody.safeParse({ username });
      expect(result.error?.issues.map(({ path }) => path)).toEqual([["username"]]);
    },
  );

  it.each(["admin", "ada", "search-app"])("%s is taken", (username) => {
    expect(createCredentialBody.safeParse({ username }).success).toBe(true);
  });
});
