import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError, portVariable, readConfig, secretVariable } from "./config.ts";
import { createLogger } from "./logger.ts";

const schema = z.object({ PORT: portVariable.default(7070), PEPPER: secretVariable, URL: z.url() });

describe("a configuration", () => {
  it("is read from the environment, with defaults", () => {
    const pepper = Buffer.alloc(32, 1).toString("base64");
    const config = readConfig(schema, { PEPPER: pepper, URL: "http://localhost", PORT: "", OTHER: "x" });
    expect(config).toEqual({ PORT: 7070, PEPPER: new Uint8Array(32).fill(1), URL: "http://localhost" });
  });

  it("names every fault at once, and repeats no value", () => {
    try {
      readConfig(schema, { PORT: "70000", PEPPER: "hunter2" });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toMatch(/PORT:.*\n.*PEPPER:.*\n.*URL is not set/);
      expect(String(error)).not.toContain("hunter2");
    }
  });
});

describe("a log", () => {
  it("leaves secrets out by the name of their field", () => {
    const lines: string[] = [];
    const log = createLogger({
      name: "t",
      level: "info",
      destination: { write: (line: string) => void lines.push(line) },
    });
    log.info({ password: "canary", user: { token: "canary" }, req: { headers: { authorization: "canary" } } }, "hello");
    expect(lines.join("")).toContain("hello");
    expect(lines.join("")).not.toContain("canary");
  });

  it("says of an error what it is and what caused it, not everything that hangs on it", () => {
    const lines: string[] = [];
    const log = createLogger({ name: "t", level: "info", destination: { write: (line) => void lines.push(line) } });
    const cause = Object.assign(new Error("connection lost"), { code: "57P01", client: { key: "canary" } });
    log.error({ err: new Error("could not read", { cause }) });
    const { err } = JSON.parse(lines[0] ?? "");
    expect(err).toMatchObject({ message: "could not read", cause: { message: "connection lost", code: "57P01" } });
    expect(lines.join("")).not.toContain("canary");
  });
});
