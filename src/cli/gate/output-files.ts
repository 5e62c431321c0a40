import { randomUUID } from 'node:crypto';
import { appendFileSync, closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { renderOutputs } from '../../pipeline/index.ts';
import { CliError } from '../cli-error.ts';
import type { GateStep } from './gate-step.ts';
import { type GateReport, renderGateJunit, toOutputs } from './render-gate.ts';

/** Where else than on standard output a gate tells how it ended. */
export interface OutputFiles {
  readonly junit?: string | undefined;
  /** A workflow of GitHub Actions keeps what its steps say in one file. */
  readonly githubOutputFile?: string | undefined;
}

/**
 * A gate may wait for days: what it cannot write then is told before.
 *
 * @throws CliError where a file cannot be written
 */
export function requireWritable({ junit, githubOutputFile }: OutputFiles): void {
  if (githubOutputFile !== undefined) tryOpen(GITHUB_OUTPUT, githubOutputFile);
  if (junit !== undefined) tryOpen(JUNIT, junit);
}

/** @throws CliError where a file cannot be written */
export function writeOutputFiles(
  { junit, githubOutputFile }: OutputFiles,
  report: GateReport,
  place: GateStep['place'],
): void {
  if (githubOutputFile !== undefined) {
    const outputs = renderOutputs(toOutputs(report), randomUUID);
    orExplain(GITHUB_OUTPUT, githubOutputFile, () => appendFileSync(githubOutputFile, outputs));
  }
  if (junit !== undefined) orExplain(JUNIT, junit, () => writeFileSync(junit, renderGateJunit(report, place)));
}

const GITHUB_OUTPUT = 'GITHUB_OUTPUT';
const JUNIT = '--junit';

/** Leaves nothing behind: an empty report would be a broken one. */
function tryOpen(source: string, file: string): void {
  const isNew = !existsSync(file);
  orExplain(source, file, () => closeSync(openSync(file, 'a')));
  if (isNew) rmSync(file, { force: true });
}

function orExplain(source: string, file: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError([`${source}: ${file} cannot be written: ${why}`], { cause });
  }
}
