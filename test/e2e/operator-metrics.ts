import type { OperatorProcess } from './operator-process.ts';

/** @returns what the operator answers at /metrics; it must have been started with --health-port */
export async function fetchMetrics({ log }: Pick<OperatorProcess, 'log'>): Promise<string> {
  const { port } = log.find(({ msg }) => msg === 'health and metrics served') ?? {};
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  return answer.text();
}

/** @returns the value of a metric, such as `assent_records_total{sink="file"}`; undefined where it is not there */
export function findMetric(text: string, name: string): number | undefined {
  const found = text.split('\n').find((line) => line.startsWith(`${name} `));
  return found === undefined ? undefined : Number(found.slice(name.length));
}
