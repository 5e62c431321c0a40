import { modelVersionName, parseDurationMs } from '../../api/index.ts';
import { readConfig } from '../../config/index.ts';
import { KubeApiError } from '../../kube/index.ts';
import { ENDING_SIGNALS, type GateRequest, OtherVersionError, openGate } from '../../pipeline/index.ts';
import { CliError } from '../cli-error.ts';
import { openCluster } from '../cluster-options.ts';
import { exitBySignal } from '../exit-by-signal.ts';
import { createPaint } from '../paint.ts';
import { printable } from '../printable.ts';
import { DEFAULT_STAGE, DEFAULT_TIMEOUT, type GateOptions, readClaims } from './gate-options.ts';
import { createGateProgress } from './gate-progress.ts';
import type { GateStep } from './gate-step.ts';
import { requireWritable, writeOutputFiles } from './output-files.ts';
import { buildReport, type GateReport, renderReport } from './render-gate.ts';
import { renderQuestion } from './render-question.ts';

/**
 * Opens the gate of one step, tells of it while it waits, and writes its outputs.
 *
 * @throws CliError, KubeApiError where nothing could be asked
 */
export async function runGate(step: GateStep, options: GateOptions): Promise<GateReport> {
  const files = { junit: options.junit, githubOutputFile: readConfig(process.env).githubOutputFile };
  requireWritable(files);
  await using cluster = openCluster(options);
  const request: GateRequest = {
    namespace: options.namespace ?? cluster.namespace,
    name: options.name,
    model: options.model,
    version: options.version,
    stage: options.stage ?? step.stage ?? DEFAULT_STAGE,
    approvers: step.approvers,
    claims: readClaims(options),
  };
  const timeout = options.timeout ?? step.timeout ?? DEFAULT_TIMEOUT;
  const startedAt = performance.now();
  using progress = createGateProgress(process.stderr);
  using _signals = onEndingSignal((signal) => {
    progress.print('not waiting any more; what was asked for stays, and the same command goes on with it');
    exitBySignal(signal);
  });
  let problem = '';
  const outcome = await openGate(cluster, request, {
    signal: AbortSignal.timeout(parseDurationMs(timeout)),
    unreachableForMs: parseDurationMs(options.unreachableFor),
    onAsked(question, { spec }) {
      const named = spec.approvers ?? [];
      progress.print(renderQuestion({ question, requested: request.stage, named }).trimEnd());
    },
    onWaiting({ message, seen }) {
      if (problem !== '') progress.print('the cluster answers again');
      problem = '';
      progress.update(message, { atOnce: seen });
    },
    onProblem(error) {
      const told = error instanceof KubeApiError ? (error.answer ?? error.message) : String(error);
      if (problem === '') progress.print(`${printable(told)}: trying again for ${options.unreachableFor}`);
      problem = told;
    },
  }).catch((error) => {
    throw error instanceof OtherVersionError ? new CliError([error.message], { cause: error }) : error;
  });
  const name = outcome.question?.name ?? options.name ?? modelVersionName(options.model, options.version);
  const report = buildReport(outcome, request, step, { name, waitedMs: performance.now() - startedAt });
  // The answer first: a file may have become unwritable meanwhile.
  process.stdout.write(renderReport(report, options.output, createPaint(process.stdout)));
  writeOutputFiles(files, report, step.place);
  return report;
}

function onEndingSignal(listener: (signal: NodeJS.Signals) => void): Disposable {
  for (const signal of ENDING_SIGNALS) process.once(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of ENDING_SIGNALS) process.off(signal, listener);
    },
  };
}
