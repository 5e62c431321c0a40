import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  createLogger,
  createOperatorEvents,
  createOperatorMetrics,
  type OperatorEvents,
} from '../../src/telemetry/index.ts';
import { findMetric } from '../e2e/operator-metrics.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The operator's events, and what people see of them. */
export interface WatchedEvents {
  readonly events: OperatorEvents;
  /** @returns the lines of the log. */
  readLog(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** @returns the value of a metric, such as `assent_records_total{sink="file"}`. */
  readMetric(name: string): Promise<number | undefined>;
}

export async function watchEvents(): Promise<WatchedEvents> {
  const path = join(await temporaryFolder(), 'log');
  const file = await open(path, 'a');
  onTestFinished(() => file.close());
  const metrics = createOperatorMetrics();
  const log = createLogger({ level: 'info', fd: file.fd });
  return {
    events: createOperatorEvents(log, metrics),
    async readLog() {
      await log.idle();
      const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean);
      return lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
    },
    async readMetric(name) {
      return findMetric((await metrics.render()).text, name);
    },
  };
}
