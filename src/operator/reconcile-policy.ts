import type { ApprovalPolicyStatus, Condition, PolicyEvaluations } from '../api/index.ts';
import { digestOf } from '../decision/index.ts';
import type { CompiledPolicy } from '../rego/index.ts';
import { refOf } from './object-ref.ts';
import { fingerprintPolicy, type PolicyCatalog, type PolicyEntry, type PolicyState } from './policy-catalog.ts';
import { describeQuarantine, type PolicyHealth } from './policy-health.ts';
import type { Clock, EventRecorder, PolicyCompiler, RecordLog, StatusWriter } from './ports.ts';
import type { Quarantined } from './quarantine.ts';

interface PolicyReconcilerPorts {
  readonly catalog: PolicyCatalog;
  readonly compiler: PolicyCompiler;
  readonly records: RecordLog;
  readonly writer: StatusWriter;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly health: PolicyHealth;
  /** Told when what is in force may have changed: versions that wait are judged again. */
  readonly onSettled: (entry: PolicyEntry) => void;
}

/**
 * Compiles a policy where its modules are new, and writes what came of it into its status. A policy that does not
 * compile leaves the last good one in force, also after a restart: its digest is in the status, its WASM on disk.
 */
export async function reconcilePolicy(key: string, ports: PolicyReconcilerPorts): Promise<undefined> {
  const { catalog, clock, events, writer } = ports;
  const found = catalog.get(key);
  if (!found) return;
  if (found.state.kind === 'unknown') {
    const state = await compilePolicy(found, ports.compiler);
    // Before any decision that names its digest: whoever replays one finds the sources above it.
    if (state.kind === 'compiled')
      await ports.records.record({ kind: 'Policy', id: state.inForce.digest, name: key, modules: found.modules });
    catalog.settle(key, found.modules, state);
  }
  const entry = catalog.get(key);
  // Changed while it was compiled: the change has put the key back into the queue.
  if (!entry || entry.state.kind === 'unknown') return;
  ports.health.adopt(key, fingerprintPolicy(entry), entry.status?.evaluations);
  ports.onSettled(entry);

  const status = nextPolicyStatus(entry, describeHealth(key, ports.health), clock());
  if (!status) return;
  const ref = refOf(entry.metadata);
  await writer.writePolicyStatus(entry.kind, ref, status);
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const before = entry.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready && (ready.status !== before?.status || ready.message !== before.message)) {
    const type = ready.status === 'True' ? 'Normal' : 'Warning';
    events.record(entry.kind, ref, { type, reason: ready.reason, note: ready.message });
  }
}

async function compilePolicy({ modules, state, status }: PolicyEntry, compiler: PolicyCompiler): Promise<PolicyState> {
  const result = await compiler.compile(modules);
  if (result.kind === 'compiled') return { kind: 'compiled', inForce: result.policy };
  const inForce = state.inForce ?? (await loadLastGood(status, compiler));
  const places = result.errors.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  return {
    kind: 'failed',
    inForce,
    errors: result.errors,
    problem: `the policy does not compile: ${places.join('; ')}`,
  };
}

async function loadLastGood(
  status: ApprovalPolicyStatus | undefined,
  compiler: PolicyCompiler,
): Promise<CompiledPolicy | null> {
  return status?.digest === undefined ? null : compiler.load(status.digest);
}

interface Health {
  readonly evaluations: PolicyEvaluations | undefined;
  readonly quarantine: readonly Quarantined[];
}

function describeHealth(key: string, health: PolicyHealth): Health {
  return { evaluations: health.published(key), quarantine: health.quarantined(key) };
}

/** @returns null where the stored status says it already. */
function nextPolicyStatus(
  { metadata, state, status }: PolicyEntry,
  { evaluations, quarantine }: Health,
  now: string,
): ApprovalPolicyStatus | null {
  const { inForce } = state;
  const failed = state.kind === 'failed';
  const kept = inForce ? `; the last good policy, ${inForce.digest}, stays in force` : '';
  const compiled = failed ? `${state.problem}${kept}` : 'compiled and in force';
  const health = quarantine.map(describeQuarantine).join('; ');
  const generation = metadata.generation ?? 1;
  const condition = (type: string, value: Condition['status'], reason: string, message: string): Condition => {
    const before = status?.conditions?.find((existing) => existing.type === type);
    const lastTransitionTime = before?.status === value ? before.lastTransitionTime : now;
    return {
      type,
      status: value,
      reason,
      message: message.slice(0, 8192),
      lastTransitionTime,
      observedGeneration: generation,
    };
  };
  const sound = failed ? 'False' : 'True';
  const reason = failed ? 'CompileFailed' : 'Compiled';
  const ready =
    failed || quarantine.length === 0
      ? condition('Ready', sound, reason, compiled)
      : condition('Ready', 'False', 'Quarantined', health);
  const next: ApprovalPolicyStatus = {
    observedGeneration: generation,
    conditions: [
      condition('Compiled', sound, reason, compiled),
      ready,
      ...(quarantine.length > 0 ? [condition('Quarantined', 'True', 'KilledRepeatedly', health)] : []),
      ...(ready.status === 'False' ? [condition('Stalled', 'True', ready.reason, ready.message)] : []),
    ],
    ...(inForce ? { digest: inForce.digest, builtins: [...inForce.builtins], reads: [...inForce.reads] } : {}),
    ...(evaluations ? { evaluations } : {}),
    ...(failed && state.errors.length > 0 ? { errors: state.errors.slice(0, 100).map((error) => ({ ...error })) } : {}),
  };
  return status && digestOf(next) === digestOf(status) ? null : next;
}
