import { parentOf } from "./processes.ts";

/** The wish to stop: Ctrl-C, a signal, or the end of the npm that started us. */
export interface Stopped {
  readonly signal: AbortSignal;
  readonly promise: Promise<void>;
  release(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const PARENT_EVERY_MS = 1000;
const SAME_WISH_MS = 1000;

/** Parent and grandparent: npm starts a shell that starts us, and the shell stays when npm is killed. */
function ancestors(): string {
  return `${process.ppid} ${parentOf(process.ppid) ?? ""}`;
}

/**
 * Resolves at the first wish to stop. A second Ctrl-C ends the process at once: the guardian then ends the rest.
 *
 * `npm run dev` that is killed leaves its child behind, with nobody to stop it; so when npm started us and is gone, we go.
 */
export function untilStopped(env: Readonly<Record<string, string | undefined>>): Stopped {
  const wish = new AbortController();
  let askedAt = 0;
  const onSignal = () => {
    // One Ctrl-C may come twice: from the terminal and, a moment later, from npm.
    if (wish.signal.aborted && performance.now() - askedAt > SAME_WISH_MS) process.exit(130);
    if (!wish.signal.aborted) askedAt = performance.now();
    wish.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const starters = ancestors();
  const timer = setInterval(() => {
    if (env.npm_lifecycle_event !== undefined && ancestors() !== starters) wish.abort();
  }, PARENT_EVERY_MS);
  timer.unref();
  return {
    signal: wish.signal,
    promise: new Promise((resolve) => wish.signal.addEventListener("abort", () => resolve(), { once: true })),
    release: () => {
      clearInterval(timer);
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
