import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cacheFolder } from "../cache-folder.ts";
import { installEngine } from "./install-engine.ts";

it("gives the same tree to all who ask at once, with what the distribution lacks", async () => {
  const [one, other] = await Promise.all([
    installEngine({ engine: "elasticsearch", version: "8.19.21" }),
    installEngine({ engine: "elasticsearch", version: "8.19.21" }),
  ]);
  expect(one).toEqual(other);
  expect(existsSync(join(one.home, "modules/testkit/testkit.jar"))).toBe(true);
  expect(existsSync(join(one.javaHome, "bin/java"))).toBe(true);

  const { home } = await installEngine({ engine: "opensearch", version: "2.19.4" });
  expect(existsSync(join(home, "plugins/opensearch-security/plugin-descriptor.properties"))).toBe(true);
});

it("refuses a version that does not exist, naming it, and leaves nothing behind", async () => {
  await expect(installEngine({ engine: "elasticsearch", version: "8.99.99" })).rejects.toThrow(
    /elasticsearch:8\.99\.99/,
  );
  expect(existsSync(`${cacheFolder("engines", "elasticsearch-8.99.99")}.unfinished`)).toBe(false);
});
