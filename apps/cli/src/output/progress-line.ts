import type { Io } from "../io.ts";

/** One line of a terminal that says how far something long has come. */
export interface ProgressLine {
  update(text: string): void;
  /** Takes the line away. */
  end(): void;
}

/** Between two drawings: an eye sees no more. */
const EVERY_MS = 100;

/** Draws on stderr where that is a terminal; nothing anywhere else. */
export function openProgressLine({ err, env, terminal }: Io): ProgressLine {
  if (!terminal.err || env.TERM === "dumb") return { update: () => {}, end: () => {} };
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    update: (text) => {
      const now = performance.now();
      if (now - drawnAt < EVERY_MS) return;
      drawnAt = now;
      isDrawn = true;
      err(`\r\u001b[2K${text}`);
    },
    end: () => {
      if (isDrawn) err("\r\u001b[2K");
    },
  };
}
