/** Seconds of all of this process's threads, and of the wall, since it was made. */
export interface Spent {
  readonly cpuSeconds: number;
  readonly seconds: number;
}

export function stopwatch(): () => Spent {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - startedAt) / 1000 };
  };
}

/** One line on a terminal, changed in place a few times a second; nothing elsewhere. */
export function progress(): (line: string | undefined) => void {
  let last = 0;
  return (line) => {
    if (!process.stderr.isTTY) return;
    if (line === undefined) process.stderr.write("\r\u001b[K");
    else if (performance.now() - last > 250) {
      last = performance.now();
      process.stderr.write(`\r\u001b[K${line}`);
    }
  };
}
