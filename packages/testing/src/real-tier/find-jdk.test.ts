import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findJdk } from "./find-jdk.ts";

let folder: string;
function install(name: string, version: string, program: string): string {
  const home = join(folder, name);
  mkdirSync(join(home, "bin"), { recursive: true });
  writeFileSync(join(home, "release"), `IMPLEMENTOR="Somebody"\nJAVA_VERSION="${version}"\n`);
  writeFileSync(join(home, "bin", program), "");
  return home;
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-jdk-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("findJdk", () => {
  it("goes by the release file, not by the folder's name", () => {
    const home = install("installed/openjdk", "17.0.9", "javac");
    install("installed/java-25-runtime", "25", "java"); // No compiler: our plugin could not be built with it.
    mkdirSync(join(folder, "installed/empty"));
    expect(findJdk(17, {}, join(folder, "installed"))).toBe(home);
    expect(findJdk(25, {}, join(folder, "installed"))).toBeUndefined();
  });

  it.each(["JAVA_HOME", "JAVA25_HOME", "JDK25_HOME", "JAVA_HOME_25_X64", "JAVA_25_HOME"])(
    "looks where %s points",
    (name) => {
      const home = install("elsewhere", "25.0.1", "javac");
      expect(findJdk(25, { [name]: home }, join(folder, "nowhere"))).toBe(home);
    },
  );
});
