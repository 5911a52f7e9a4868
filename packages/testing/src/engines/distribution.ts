import type { EngineName } from "@berth/domain";

/** What one version of an engine is made of here, by Maven coordinates (GROUP:ARTIFACT:VERSION). */
export interface Distribution {
  readonly engine: EngineName;
  readonly version: string;
  readonly artifact: string;
  /** The JDK that it runs on: the distributions on Maven Central bring none. */
  readonly javaMajor: number;
  /** Plugin name -> coordinates. */
  readonly plugins: Readonly<Record<string, string>>;
  /** Whether our test kit fills the gaps (elasticsearch-testkit/README.md). */
  readonly needsTestkit: boolean;
}

/** Versions for which the security plugin is on Maven Central (seen November 2026); its own version adds a `.0`. */
const OPENSEARCH_SECURITY = new Set(["2.11.1", "2.19.3", "2.19.4", "3.4.0"]);

/**
 * The test distribution of a version. Any version may be asked for; whether it exists, Maven Central says.
 *
 * OpenSearch versions without a published security plugin come without security: an opensearch.yml with `plugins.security`
 * settings ends them.
 */
export function distributionOf(engine: EngineName, version: string): Distribution {
  const major = Number(version.split(".")[0]);
  if (engine === "elasticsearch") {
    return {
      engine,
      version,
      artifact: `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${version}`,
      javaMajor: major >= 9 ? 25 : 17,
      plugins: {},
      needsTestkit: major >= 8,
    };
  }
  const hasSecurity = OPENSEARCH_SECURITY.has(version);
  return {
    engine,
    version,
    artifact: `org.opensearch.distribution.integ-test-zip:opensearch:${version}`,
    javaMajor: major >= 3 ? 25 : 17,
    plugins: hasSecurity ? { "opensearch-security": `org.opensearch.plugin:opensearch-security:${version}.0` } : {},
    needsTestkit: false,
  };
}
