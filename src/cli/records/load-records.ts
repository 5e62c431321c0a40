import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { listProblems, renderProblem } from '../../api/index.ts';
import { AuditRecord } from '../../decision/index.ts';
import { CliError } from '../cli-error.ts';
import { printable } from '../printable.ts';
import { readStdin } from '../read-stdin.ts';

/** A record, and where it stands. */
export interface LoadedRecord {
  /** `FILE:LINE`. */
  readonly place: string;
  readonly record: AuditRecord;
}

/** The operator's log holds records among other lines. */
const LogLine = z.object({ msg: z.string(), record: z.unknown().optional() });
const MaskedRecord = z.object({ masked: z.array(z.string()) });
const RecordKind = z.object({ kind: z.enum(['Decision', 'RefusedApproval', 'Policy']) });

/**
 * Reads records, one JSON object a line: from a file that the operator wrote, from its log, or from standard input (`-`).
 *
 * @throws CliError with the place of every line that is none
 */
export function loadRecords(paths: readonly string[]): readonly LoadedRecord[] {
  return paths.flatMap((path) => parseRecords(path, readText(path)));
}

/** @throws CliError with the place of every line that is no record */
export function parseRecords(path: string, text: string): readonly LoadedRecord[] {
  const problems: string[] = [];
  const notJson: string[] = [];
  const records = text.split('\n').flatMap((line, index): readonly LoadedRecord[] => {
    const place = `${path === '-' ? 'standard input' : path}:${index + 1}`;
    if (line.trim() === '') return [];
    const parsed = parseLine(line);
    if (parsed.kind === 'not-json') notJson.push(place);
    if (parsed.kind === 'problem') problems.push(`${place}: ${parsed.problem}`);
    return parsed.kind === 'record' ? [{ place, record: parsed.record }] : [];
  });
  // A file of another format is one mistake, however many lines it has.
  const [first, ...more] = notJson;
  const like = more.length > 0 ? ` (and ${more.length} more ${more.length === 1 ? 'line' : 'lines'} like it)` : '';
  if (first) problems.push(`${first}: is not JSON: a record is one JSON object on one line${like}`);
  if (problems.length > 0) throw new CliError(problems);
  return records;
}

/** @returns whether a text is one of records, and not of ModelVersions: its first line tells. */
export function holdsRecords(text: string): boolean {
  const [first = ''] = text.trimStart().split('\n', 1);
  try {
    return LogLine.or(RecordKind).safeParse(JSON.parse(first)).success;
  } catch {
    return false;
  }
}

export function readText(path: string): string {
  try {
    return path === '-' ? readStdin() : readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliError([`${path}: no such file, or it cannot be read`], { cause });
  }
}

type ParsedLine =
  | { readonly kind: 'record'; readonly record: AuditRecord }
  | { readonly kind: 'other' }
  | { readonly kind: 'not-json' }
  | { readonly kind: 'problem'; readonly problem: string };

function parseLine(line: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: 'not-json' };
  }
  const logged = LogLine.safeParse(value);
  if (logged.success && logged.data.record === undefined) return { kind: 'other' };
  const candidate = logged.success ? logged.data.record : value;
  const record = AuditRecord.safeParse(candidate);
  if (record.success) return { kind: 'record', record: record.data };
  const masked = MaskedRecord.safeParse(candidate);
  if (masked.success) {
    const places = masked.data.masked.map(printable).join(', ');
    return { kind: 'problem', problem: `cannot be read: something else than text was masked: ${places}` };
  }
  const [first] = listProblems(record.error);
  return { kind: 'problem', problem: `is no record: ${first ? renderProblem(first) : ''}` };
}
