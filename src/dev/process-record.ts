import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { identify, type ProcessIdentity, stillRuns } from './process-identity.ts';

/** Writes down which processes run, so that they can be ended when whoever started them is gone. */
export function writeRecord(file: string, pids: readonly number[]): void {
  const writing = `${file}.${process.pid}`;
  writeFileSync(writing, JSON.stringify(pids.map(identify).filter((identity) => identity !== undefined)), {
    mode: 0o600,
  });
  renameSync(writing, file);
}

export function removeRecord(file: string): void {
  rmSync(file, { force: true });
}

/**
 * Ends those processes of a record that still run: never a later process that happens to have the same id.
 *
 * @param graceMs how long they may take by themselves before they are killed
 */
export async function endRecordedProcesses(file: string, graceMs = 1_000): Promise<void> {
  const identities = readRecord(file);
  signalAll(identities, 'SIGTERM');
  await untilEnded(identities, graceMs);
  signalAll(identities, 'SIGKILL');
  await untilEnded(identities, 30_000);
  removeRecord(file);
}

function readRecord(file: string): ProcessIdentity[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  // Written by writeRecord and renamed into place, so it is whole.
  return JSON.parse(text) as ProcessIdentity[];
}

function signalAll(identities: readonly ProcessIdentity[], signal: NodeJS.Signals): void {
  for (const identity of identities.filter(stillRuns)) {
    try {
      process.kill(identity.pid, signal);
    } catch {
      // It ended between the look and the signal.
    }
  }
}

async function untilEnded(identities: readonly ProcessIdentity[], timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (identities.some(stillRuns) && performance.now() < deadline) await setTimeout(20);
}
