import { type ApprovalPolicyStatus, nextCondition, type PolicyEvaluations, type SaidCondition } from '../api/index.ts';
import { digestOf } from '../decision/index.ts';
import type { CompileError } from '../rego/index.ts';
import type { FailedStep, PolicyEntry } from './policy-catalog.ts';
import { describeQuarantine } from './policy-health.ts';
import type { Quarantined } from './quarantine.ts';

const FAILED_REASONS: Readonly<Record<FailedStep, string>> = {
  fetch: 'FetchFailed',
  verify: 'VerificationFailed',
  compile: 'CompileFailed',
};

/** How the policy fares where it is in force. */
interface Health {
  readonly evaluations: PolicyEvaluations | undefined;
  readonly quarantined: readonly Quarantined[];
}

/** @returns null where the stored status says it already. */
export function nextPolicyStatus(
  entry: PolicyEntry,
  { evaluations, quarantined }: Health,
  now: string,
): ApprovalPolicyStatus | null {
  const { metadata, state, status } = entry;
  const { inForce, bundle } = state;
  const generation = metadata.generation ?? 1;
  const surroundings = { before: status?.conditions ?? [], now, generation };
  const condition = (type: string, said: SaidCondition) => nextCondition(type, said, surroundings);
  const compiled = judgeRules(entry);
  const kept: SaidCondition = {
    value: 'True',
    reason: 'KilledRepeatedly',
    message: quarantined.map(describeQuarantine).join('; '),
  };
  const ready = judgeReady(entry, compiled, quarantined.length > 0 ? kept.message : null);
  const next: ApprovalPolicyStatus = {
    observedGeneration: generation,
    conditions: [
      ...(entry.source.kind === 'bundle' ? [condition('Verified', judgeVerified(entry, compiled))] : []),
      condition('Compiled', judgeCompiled(entry, compiled)),
      condition('Ready', ready),
      ...(quarantined.length > 0 ? [condition('Quarantined', kept)] : []),
      ...(ready.value === 'False' ? [condition('Stalled', { ...ready, value: 'True' })] : []),
    ],
    ...(inForce ? { digest: inForce.digest, builtins: [...inForce.builtins], reads: [...inForce.reads] } : {}),
    ...(inForce && bundle ? { bundle } : {}),
    ...(evaluations ? { evaluations } : {}),
    ...(state.kind === 'failed' && state.errors.length > 0
      ? { errors: state.errors.slice(0, 100).map((error) => ({ ...error })) }
      : {}),
  };
  return status && digestOf(next) === digestOf(status) ? null : next;
}

/** @returns the errors in one line, each with its place. */
export function describeCompileErrors(errors: readonly CompileError[]): string {
  return errors.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join('; ');
}

function judgeRules({ spec, state }: PolicyEntry): SaidCondition {
  if (state.kind !== 'failed') return { value: 'True', reason: 'Compiled', message: 'compiled and in force' };
  if (spec === null) return { value: 'False', reason: 'InvalidSpec', message: `${state.problem}; ${ERRS}` };
  const kept = state.inForce ? `; the last good policy, ${state.inForce.digest}, stays in force` : '';
  const reason = FAILED_REASONS[state.step ?? 'compile'];
  return { value: 'False', reason, message: `${state.problem}${kept}` };
}

const ERRS = 'until this is repaired, the policy errs for every version that it judges';

function judgeReady({ misfit }: PolicyEntry, compiled: SaidCondition, quarantine: string | null): SaidCondition {
  if (compiled.value !== 'True') return compiled;
  if (misfit !== null) return { value: 'False', reason: 'ParametersInvalid', message: `${misfit}; ${ERRS}` };
  return quarantine === null ? compiled : { value: 'False', reason: 'Quarantined', message: quarantine };
}

/** A bundle that was not fetched, or not believed, was not compiled. */
function judgeCompiled({ state }: PolicyEntry, ready: SaidCondition): SaidCondition {
  const early = state.kind === 'failed' && (state.step === 'fetch' || state.step === 'verify');
  return early ? { ...ready, value: 'Unknown' } : ready;
}

function judgeVerified({ source, state }: PolicyEntry, ready: SaidCondition): SaidCondition {
  if (state.kind === 'failed' && state.step === 'fetch') return { ...ready, value: 'Unknown' };
  if (state.kind === 'failed' && state.step === 'verify') return ready;
  const { digest, verify, oci } = source.kind === 'bundle' ? source.bundle : {};
  const held = [
    ...(digest || oci?.includes('@sha256:') ? ['the digest'] : []),
    ...(verify?.bundle ? ['the signature in the bundle'] : []),
    ...(verify?.cosign ? ['the cosign signature'] : []),
  ];
  if (held.length > 0) return { value: 'True', reason: 'Verified', message: `checked: ${held.join(', ')}` };
  const message = 'neither digest nor verify is given: whoever may write the ConfigMap writes the policy';
  return { value: 'Unknown', reason: 'NothingToVerify', message };
}
