export interface Cleanup {
  /** What is to be undone; the latest first. */
  add(undo: () => unknown): void;
  /** Undoes everything, once. One that fails is told and does not keep the others from being undone. */
  run(): Promise<void>;
}

export function createCleanup(onError: (error: unknown) => void = reportError): Cleanup {
  const undos: (() => unknown)[] = [];
  return {
    add: (undo) => {
      undos.push(undo);
    },
    run: async () => {
      for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
        try {
          await undo();
        } catch (error) {
          onError(error);
        }
      }
    },
  };
}

function reportError(error: unknown): void {
  process.stderr.write(`While stopping: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
}
