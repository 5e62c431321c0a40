/** Takes one line for the person who waits. */
export type Report = (line: string) => void;

const SILENT_MS = 3_000;
const INTERVAL_MS = 15_000;

/**
 * Tells a person that something takes longer than a few seconds: the title once, then the elapsed time every 15 s,
 * and the whole time at the end. Says nothing about what is quick.
 */
export function reportWhileWaiting(report: Report, title: string): Disposable {
  const startedAt = performance.now();
  const elapsed = () => renderSeconds((performance.now() - startedAt) / 1000);
  let told = false;
  const first = setTimeout(() => {
    told = true;
    report(title);
  }, SILENT_MS);
  const next = setInterval(() => report(`  … ${elapsed()}`), INTERVAL_MS);
  return {
    [Symbol.dispose]() {
      clearTimeout(first);
      clearInterval(next);
      if (told) report(`  ended after ${elapsed()}`);
    },
  };
}

function renderSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
