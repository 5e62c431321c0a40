import { readFile } from 'node:fs/promises';
import type { ProgramSpec } from './supervisor.ts';

const LAST_LINES = 20;

/** @returns for a person: that the program ended, and its last words */
export async function describeEnd({ name, logFile }: ProgramSpec): Promise<string> {
  return `${name} ended by itself. ${await describeLog(logFile)}`;
}

/** @returns the log's last lines and its path */
export async function describeLog(logFile: string): Promise<string> {
  const lines = (await readOrEmpty(logFile)).trimEnd().split('\n').slice(-LAST_LINES);
  return `The end of ${logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** @returns whether the program's last words are that its port was taken by another */
export async function saysPortTaken({ logFile }: ProgramSpec): Promise<boolean> {
  return (await describeLog(logFile)).includes('address already in use');
}

// The log of a temporary control plane may be gone when its program's end is looked at.
async function readOrEmpty(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
