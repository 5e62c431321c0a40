import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  createFileSink,
  createHttpSink,
  createRecordLog,
  createStdoutSink,
  type OperatorEvents,
  type RecordLog,
  type RecordSink,
} from '../../telemetry/index.ts';
import { CliError } from '../cli-error.ts';
import type { RecordOptions } from './record-options.ts';

interface Surroundings {
  readonly events: OperatorEvents;
  /** Who waits to record when it aborts waits no longer. */
  readonly signal: AbortSignal;
}

/**
 * @throws CliError where the options do not fit together, or a file they name cannot be read
 * @throws RecordSinkError where a file or a spool cannot be written
 */
export async function openRecordLog(options: RecordOptions, { events, signal }: Surroundings): Promise<RecordLog> {
  const problems = [...findConflicts(options), ...(await findUnreadable(options))];
  if (problems.length > 0) throw new CliError(problems);
  const { recordFile: path, recordUrl: url, recordSpool, recordSpoolLimit, recordCa, recordTokenFile } = options;
  const sinks: RecordSink[] = [createStdoutSink(events)];
  if (path) sinks.push(await createFileSink({ path, events }));
  if (url && recordSpool) {
    const receiver = {
      url,
      ...(recordCa ? { caFile: recordCa } : {}),
      ...(recordTokenFile ? { tokenFile: recordTokenFile } : {}),
    };
    sinks.push(
      await createHttpSink({ receiver, spoolFolder: recordSpool, spoolLimitBytes: recordSpoolLimit, events, signal }),
    );
  }
  return createRecordLog({ sinks, mask: options.recordMask ?? [] });
}

function findConflicts({ recordUrl, recordSpool, recordCa, recordTokenFile }: RecordOptions): readonly string[] {
  if (recordUrl) {
    return [
      ...(recordSpool
        ? []
        : ['--record-url needs --record-spool FOLDER: a record waits there until the server has it']),
      ...(recordCa && recordUrl.protocol === 'http:'
        ? [`--record-ca is for https, and --record-url is ${recordUrl.href}`]
        : []),
    ];
  }
  const useless = Object.entries({
    '--record-spool': recordSpool,
    '--record-ca': recordCa,
    '--record-token-file': recordTokenFile,
  });
  return useless.filter(([, value]) => value).map(([flag]) => `${flag} means nothing without --record-url URL`);
}

/** What is read again for each request, and can be repaired then, is told of at the start all the same. */
async function findUnreadable({ recordCa, recordTokenFile }: RecordOptions): Promise<readonly string[]> {
  const problems: string[] = [];
  if (recordTokenFile && !(await readOrNull(recordTokenFile))?.trim())
    problems.push(`--record-token-file ${recordTokenFile}: no such file, or there is no token in it`);
  if (recordCa && !isCertificate(await readOrNull(recordCa)))
    problems.push(`--record-ca ${recordCa}: no such file, or there is no certificate in PEM in it`);
  return problems;
}

async function readOrNull(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

function isCertificate(text: string | null): boolean {
  try {
    return new X509Certificate(text ?? '').subject !== undefined;
  } catch {
    return false;
  }
}
