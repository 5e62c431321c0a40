import { printable } from '../printable.ts';
import { renderAge } from '../render-age.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const LINE_MS = 60_000;

/** Shows that a gate still waits, and for what. */
export interface GateProgress extends Disposable {
  /** What it waits for; a log has it at once, or with the next minute's line. */
  update(text: string, when: { readonly atOnce: boolean }): void;
  /** A line that stays. */
  print(text: string): void;
}

/** A terminal tells that it is one, and how wide. */
type ProgressStream = Pick<NodeJS.WritableStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number };

/** @returns a spinner on a terminal; elsewhere a line when what is missing changes, and one a minute. */
export function createGateProgress(stream: ProgressStream): GateProgress {
  const sinceMs = Date.now();
  const waited = () => renderAge(new Date(sinceMs).toISOString(), Date.now());
  let text = '';
  let frame = 0;
  const clear = () => stream.isTTY && stream.write('\r\x1b[2K');
  const draw = (): void => {
    if (text === '') return;
    const line = `${FRAMES[frame++ % FRAMES.length]} ${printable(text)} (${waited()})`;
    // A line that wraps could not be taken back. A terminal that nobody gave a size says 0.
    stream.write(`\r\x1b[2K${[...line].slice(0, (stream.columns || 80) - 1).join('')}`);
  };
  const log = () => text !== '' && stream.write(`${printable(text)} (waiting for ${waited()})\n`);
  const timer = stream.isTTY ? setInterval(draw, FRAME_MS) : setInterval(log, LINE_MS);
  return {
    update(next, { atOnce }) {
      if (next === text) return;
      text = next;
      if (!stream.isTTY && atOnce) log();
    },
    print(line) {
      clear();
      stream.write(`${line}\n`);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      clear();
    },
  };
}
