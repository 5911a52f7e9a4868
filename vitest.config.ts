import { defineConfig } from "vitest/config";

const ELSEWHERE = ["**/node_modules/**", "**/dist/**", "**/.tsbuild*/**", "**/.berth/**"];
const POSTGRES = "packages/testing/src/postgres/global-setup.ts";

/**
 * Three projects, by what a test needs: nothing (`unit`), a PostgreSQL from npm (`db`), or the real parts, which are built
 * and downloaded first (`real`: run it by `npm run test:real`, which says what is missing).
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // Files of one worker share what they import: reading the modules anew for each took a third of the time.
          isolate: false,
          // A machine that does much else at once must not turn a slow test into a failed one.
          testTimeout: 30_000,
          include: ["**/*.test.ts"],
          exclude: [...ELSEWHERE, "**/*.db.test.ts", "**/*.real.test.ts"],
        },
      },
      {
        test: {
          name: "db",
          isolate: false,
          include: ["**/*.db.test.ts"],
          exclude: ELSEWHERE,
          globalSetup: [POSTGRES],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "real",
          include: ["**/*.real.test.ts"],
          exclude: ELSEWHERE,
          globalSetup: [POSTGRES],
          // One after the other: each takes a gigabyte or two and both cores.
          pool: "forks",
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 5 * 60_000,
          hookTimeout: 10 * 60_000,
          teardownTimeout: 60_000,
        },
      },
    ],
  },
});
