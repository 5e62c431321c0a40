const WIDTH = 30;
const EVERY_MS = 100;

/** Told how far a work is. */
export interface ProgressBar extends Disposable {
  update(done: number, total?: number): void;
}

/** @returns a bar on one line of a terminal, gone at the end; nothing where the stream is none. */
export function createProgressBar(stream: NodeJS.WriteStream, what: string): ProgressBar {
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  return {
    update(done, total) {
      if (!stream.isTTY || performance.now() - drawnAtMs < EVERY_MS) return;
      drawnAtMs = performance.now();
      const number = done.toLocaleString('en-US');
      if (total === undefined) {
        stream.write(`\r\x1b[2K${what} ${number}`);
        return;
      }
      const filled = Math.round((WIDTH * done) / Math.max(1, total));
      const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
      stream.write(`\r\x1b[2K${what} ${bar} ${number} of ${total.toLocaleString('en-US')}`);
    },
    [Symbol.dispose]() {
      if (stream.isTTY) stream.write('\r\x1b[2K');
    },
  };
}
