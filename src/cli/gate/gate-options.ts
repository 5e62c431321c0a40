import { type Command, InvalidArgumentError, Option } from 'commander';
import { Digest, Duration, parseDurationMs, type Stage } from '../../api/index.ts';
import { type GateRequest, LONGEST_GATE_MS } from '../../pipeline/index.ts';
import { addNamespaceOptions, type NamespaceOptions } from '../cluster-options.ts';
import { stageOption } from '../stage-option.ts';
import type { GateFormat } from './render-gate.ts';

/** What every gate needs, whether a command opens one or a pipeline several. */
export interface GateOptions extends NamespaceOptions {
  readonly model: string;
  readonly version: string;
  readonly name?: string;
  readonly stage?: Stage;
  readonly timeout?: string;
  readonly unreachableFor: string;
  readonly metric?: Readonly<Record<string, number>>;
  readonly parameter?: Readonly<Record<string, string>>;
  readonly artifactUri?: string;
  readonly artifactDigest?: string;
  readonly runId?: string;
  readonly gitCommit?: string;
  readonly registry?: string;
  readonly junit?: string;
  readonly output: GateFormat;
}

export const DEFAULT_STAGE: Stage = 'Production';
export const DEFAULT_TIMEOUT = '24h';

export function addGateOptions(command: Command): Command {
  return addNamespaceOptions(
    command
      .option('--model <name>', "the registered model's name")
      .option('--version <version>', 'its version')
      .option('--name <name>', 'name of the ModelVersion (default: made of model and version)')
      .addOption(stageOption('--stage <stage>', `stage to ask for (default: ${DEFAULT_STAGE})`))
      .option('--timeout <duration>', `how long to wait (default: ${DEFAULT_TIMEOUT})`, parseTimeout)
      .addOption(
        new Option('--unreachable-for <duration>', 'how long the cluster may be out of reach')
          .default('15m')
          .argParser(parseTimeout),
      ),
  )
    .option('--metric <name=number>', 'a metric, again for each', collectMetric)
    .option('--parameter <name=text>', 'a training parameter, again for each', collectParameter)
    .option('--artifact-uri <uri>', 'where the artifact is')
    .option('--artifact-digest <digest>', 'its sha256:…', parseDigest)
    .option('--run-id <id>', 'the run that made it')
    .option('--git-commit <commit>', 'the commit that it was made from')
    .option('--registry <name>', 'the registry that holds it');
}

/** @returns what the pipeline says of its version; of what nobody gives, nothing. */
export function readClaims(options: GateOptions): GateRequest['claims'] {
  const { metric, parameter, artifactUri, artifactDigest, runId, gitCommit, registry } = options;
  const artifact = dropUndefined({ uri: artifactUri, digest: artifactDigest });
  const source = dropUndefined({ runId, gitCommit, registry });
  const given = (claim: object) => Object.keys(claim).length > 0;
  return dropUndefined({
    metrics: metric,
    parameters: parameter,
    artifact: given(artifact) ? artifact : undefined,
    source: given(source) ? source : undefined,
  });
}

/** A field that is there and undefined would be another spec than one without it. */
function dropUndefined<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function splitPair(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It reads NAME=VALUE.');
  return [text.slice(0, at), text.slice(at + 1)];
}

function collectMetric(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [name, value] = splitPair(text);
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number))
    throw new InvalidArgumentError('A metric is a finite number, as in accuracy=0.93.');
  return { ...before, [name]: number };
}

function collectParameter(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [name, value] = splitPair(text);
  return { ...before, [name]: value };
}

function parseDigest(text: string): string {
  const parsed = Digest.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join('; '));
  return parsed.data;
}

function parseTimeout(text: string): string {
  const parsed = Duration.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('A duration reads like 30s, 90m or 24h.');
  if (parseDurationMs(text) > LONGEST_GATE_MS)
    throw new InvalidArgumentError(`A gate waits ${LONGEST_GATE_MS / 3_600_000}h at most.`);
  return parsed.data;
}
