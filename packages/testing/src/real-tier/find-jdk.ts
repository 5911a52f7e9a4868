import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The home of a JDK of this major version, undefined when there is none.
 *
 * Looked for where variables such as JAVA_HOME, JAVA17_HOME or JAVA_HOME_17_X64 point, then under /usr/lib/jvm. The
 * folder's own `release` file decides, not its name.
 */
export function findJdk(
  major: number,
  env: NodeJS.ProcessEnv = process.env,
  installed = "/usr/lib/jvm",
): string | undefined {
  const named = Object.entries(env).filter(([name]) => /^(JAVA|JDK)_?\d*_?HOME/.test(name));
  const homes = named.map(([, home]) => home ?? "");
  if (existsSync(installed)) homes.push(...readdirSync(installed).map((name) => join(installed, name)));
  return homes.find((home) => majorOf(home) === major && existsSync(join(home, "bin", "javac")));
}

function majorOf(home: string): number | undefined {
  try {
    const [, version] = /^JAVA_VERSION="(\d+)/m.exec(readFileSync(join(home, "release"), "utf8")) ?? [];
    return version === undefined ? undefined : Number(version);
  } catch {
    return undefined;
  }
}
