import { z } from 'zod';
import { approversMessage, ModelVersionSpec, SERVED_STAGES } from '../../api/index.ts';
import type { GateRequest } from '../ask-for-stage.ts';
import { findMisspeltApprover } from '../find-misspelt-approver.ts';
import type { CustomRun } from './custom-run.ts';

/** What the parameters of an approval task ask for. */
export interface ApprovalParams extends Omit<GateRequest, 'namespace'> {
  /** `continue`: a rejection ends the task well, and its result `decision` says so. */
  readonly onReject: 'fail_pipeline' | 'continue';
}

const text = z
  .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'is one text, in quotes') })
  .min(1, 'is empty: give it a value, or leave it out');
const NO_APPROVERS = "names nobody: write who approves, as in ['alice', 'group:ml-leads'], or leave it out";
const STAGE = `is ${SERVED_STAGES.join(' or ')}`;

/** Tekton's strings come from templates: a list may be one, in JSON or with commas. */
const Names = z
  .preprocess(
    (value) => (typeof value === 'string' ? splitNames(value) : value),
    z.array(z.string(), { error: ({ input }) => approversMessage(input) }).max(64, 'has at most 64 entries'),
  )
  .refine((names) => names.length > 0 && names.every((name) => name.trim() !== ''), NO_APPROVERS)
  .check((context) => {
    const misspelt = findMisspeltApprover(context.value);
    if (misspelt) context.issues.push({ code: 'custom', input: context.value, message: misspelt.message });
  });

const METRICS = 'is an object of numbers, as in {"accuracy": 0.93}';
const Metrics = z.preprocess(
  (value) => toNumbers(typeof value === 'string' ? parseJson(value) : value),
  z.record(z.string(), z.number(METRICS), METRICS),
);

const Values = z.strictObject({
  model: text,
  version: text,
  stage: z.enum(SERVED_STAGES, STAGE).default('Production'),
  approvers: Names.optional(),
  'on-reject': z.enum(['fail_pipeline', 'continue'], 'is fail_pipeline or continue').default('fail_pipeline'),
  metrics: Metrics.optional(),
  'model-version': text.optional(),
  'run-id': text.optional(),
  'git-commit': text.optional(),
  'artifact-uri': text.optional(),
  'artifact-digest': ModelVersionSpec.shape.artifact.unwrap().shape.digest,
});

/** @returns what is asked for, or every mistake in one line. Nothing is guessed: a misspelt `approvers` would ask nobody. */
export function parseApprovalParams(
  params: CustomRun['spec']['params'],
): ApprovalParams | { readonly problem: string } {
  const names = params.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return { problem: `parameter ${twice} is given twice: leave one of them out` };
  const parsed = Values.safeParse(Object.fromEntries(params.map(({ name, value }) => [name, value])));
  if (!parsed.success) return { problem: parsed.error.issues.map(describe).join('; ') };
  const { model, version, stage, approvers = [], metrics, 'on-reject': onReject, ...rest } = parsed.data;
  const source = withoutUndefined({ runId: rest['run-id'], gitCommit: rest['git-commit'] });
  const artifact = withoutUndefined({ uri: rest['artifact-uri'], digest: rest['artifact-digest'] });
  const claims = { ...(metrics ? { metrics } : {}), ...(source ? { source } : {}), ...(artifact ? { artifact } : {}) };
  return { name: rest['model-version'], model, version, stage, approvers, onReject, claims };
}

function describe({ code, path, message, ...issue }: z.core.$ZodIssue): string {
  if (code === 'unrecognized_keys' && 'keys' in issue)
    return `there is no parameter ${issue.keys.join(', ')}; the parameters are ${Object.keys(Values.shape).join(', ')}`;
  return `parameter ${path.join('.')}: ${message}`;
}

function splitNames(value: string): unknown {
  if (/^\s*[[{"]/.test(value)) return parseJson(value);
  return value.split(',').map((name) => name.trim());
}

/** Tekton's object parameters hold strings only. */
function toNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, metric]) => [
      name,
      typeof metric === 'string' && metric.trim() !== '' ? Number(metric) : metric,
    ]),
  );
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // The schema tells what was expected.
    return value;
  }
}

function withoutUndefined<Fields extends object>(fields: Fields): Fields | undefined {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return given.length > 0 ? fields : undefined;
}
