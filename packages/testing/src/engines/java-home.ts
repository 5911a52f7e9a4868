import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where Debian's and Adoptium's packages put their JDKs. */
const JVM_FOLDER = "/usr/lib/jvm";

/**
 * The home of a JDK of this major version, by what its `release` file says: folder names differ between packagers.
 *
 * Refuses with the name of the package to install. A JRE does not count: the test kit is compiled with it.
 */
export function findJavaHome(major: number): string {
  const names = existsSync(JVM_FOLDER) ? readdirSync(JVM_FOLDER).sort() : [];
  for (const name of names) {
    const home = join(JVM_FOLDER, name);
    if (majorOf(home) === major && existsSync(join(home, "bin/javac"))) return home;
  }
  throw new Error(`no JDK ${major} in ${JVM_FOLDER}: install openjdk-${major}-jdk-headless or temurin-${major}-jdk`);
}

function majorOf(home: string): number | undefined {
  try {
    const version = /^JAVA_VERSION="(\d+)/m.exec(readFileSync(join(home, "release"), "utf8"))?.[1];
    return version === undefined ? undefined : Number(version);
  } catch {
    return undefined; // No JDK's folder.
  }
}
