import type { ApprovalPolicyStatus } from '../api/index.ts';
import type { WorkResult } from '../kube/index.ts';
import { type CompiledPolicy, mayPass } from '../rego/index.ts';
import { refOf } from './object-ref.ts';
import {
  fingerprintPolicy,
  namespaceOfPolicy,
  type PolicyCatalog,
  type PolicyEntry,
  type PolicyState,
} from './policy-catalog.ts';
import type { PolicyHealth } from './policy-health.ts';
import { describeCompileErrors, nextPolicyStatus } from './policy-status.ts';
import type { Clock, EventRecorder, PolicyCompiler, RecordLog, StatusWriter } from './ports.ts';
import { type BundleRefresher, comesInBundle } from './refresh-bundle.ts';

interface PolicyReconcilerPorts {
  readonly catalog: PolicyCatalog;
  readonly compiler: PolicyCompiler;
  readonly bundles: BundleRefresher;
  readonly records: RecordLog;
  readonly writer: StatusWriter;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly health: PolicyHealth;
  /** Has the policy's bundle fetched, which may take long; then the policy comes back here. */
  readonly fetchLater: (key: string) => void;
  /** Has a policy compiled again whose compilation failed for no fault of its own. */
  readonly compileLater: (key: string) => void;
  /** Told when what is in force may have changed: versions that wait are judged again. */
  readonly onSettled: (entry: PolicyEntry, fingerprint: string) => void;
}

/**
 * Compiles a policy where its source is new, or its bundle due, and writes what came of it into its status. A policy that
 * cannot be had or does not compile leaves the last good one in force, also after a restart: its digest is in the status,
 * its WASM on disk.
 */
export async function reconcilePolicy(key: string, ports: PolicyReconcilerPorts): Promise<WorkResult | undefined> {
  const { catalog, bundles, clock, events, health, writer } = ports;
  const found = catalog.get(key);
  if (!found) return undefined;
  if (comesInBundle(found) && (found.state.kind === 'unknown' || bundles.isDue(found))) {
    const restored = await bundles.restore(found);
    if (!restored) {
      ports.fetchLater(key);
      return undefined;
    }
    catalog.settle(key, found.source, restored);
  } else if (found.state.kind === 'unknown' && found.source.kind === 'modules') {
    const state = await compileModules(key, found, found.source.modules, ports);
    catalog.settle(key, found.source, state);
    if (failedByChance(state)) ports.compileLater(key);
  }
  const entry = catalog.get(key);
  // Changed while it was compiled: the change has put the key back into the queue.
  if (!entry || entry.state.kind === 'unknown') return undefined;
  const fingerprint = fingerprintPolicy(entry);
  health.adopt(key, fingerprint, entry.status?.evaluations);
  ports.onSettled(entry, fingerprint);

  const status = nextPolicyStatus(
    entry,
    { evaluations: health.published(key), quarantined: health.quarantined(key) },
    clock(),
  );
  if (status) {
    const ref = refOf(entry.metadata);
    await writer.writePolicyStatus(entry.kind, ref, status);
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    const before = entry.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready && (ready.status !== before?.status || ready.message !== before.message)) {
      const type = ready.status === 'True' ? 'Normal' : 'Warning';
      events.record(entry.kind, ref, { type, reason: ready.reason, note: ready.message });
    }
  }
  const requeueAfterMs = comesInBundle(entry) ? bundles.nextMs(key) : undefined;
  return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
}

/**
 * Does again what may go better another time: fetches the bundle of a policy, or compiles what failed by chance. How it
 * went is told by `reconcilePolicy`.
 */
export async function retryPolicy(
  key: string,
  ports: Pick<PolicyReconcilerPorts, 'catalog' | 'bundles' | 'compiler' | 'records'>,
): Promise<WorkResult | undefined> {
  const { catalog, bundles } = ports;
  const found = catalog.get(key);
  if (found && comesInBundle(found)) catalog.settle(key, found.source, await bundles.refresh(found));
  if (found?.source.kind !== 'modules' || !failedByChance(found.state)) return undefined;
  const state = await compileModules(key, found, found.source.modules, ports);
  catalog.settle(key, found.source, state);
  return failedByChance(state) ? { retryAtMostMs: RECOMPILE_AT_MOST_MS } : undefined;
}

/** A module that ends the compiler each time shall not keep it from the others. */
const RECOMPILE_AT_MOST_MS = 600_000;

function failedByChance(state: PolicyState): boolean {
  return state.kind === 'failed' && state.errors.some(mayPass);
}

async function compileModules(
  key: string,
  { state, status }: PolicyEntry,
  modules: Readonly<Record<string, string>>,
  { compiler, records }: Pick<PolicyReconcilerPorts, 'compiler' | 'records'>,
): Promise<PolicyState> {
  const result = await compiler.compile(modules, { owner: namespaceOfPolicy(key) });
  if (result.kind === 'compiled') {
    const { policy } = result;
    // Before any decision that names its digest: whoever replays one finds the sources above it.
    await records.record({ kind: 'Policy', id: policy.digest, name: key, modules });
    return { kind: 'compiled', inForce: policy };
  }
  const { errors } = result;
  const problem = `the policy does not compile: ${describeCompileErrors(errors)}`;
  if (state.inForce)
    return { kind: 'failed', inForce: state.inForce, bundle: state.bundle, step: 'compile', errors, problem };
  const inForce = await loadLastGood(status, compiler);
  return { kind: 'failed', inForce, bundle: inForce ? status?.bundle : undefined, step: 'compile', errors, problem };
}

async function loadLastGood(
  status: ApprovalPolicyStatus | undefined,
  compiler: PolicyCompiler,
): Promise<CompiledPolicy | null> {
  return status?.digest === undefined ? null : compiler.load(status.digest);
}
