import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { parseDurationMs } from '../api/index.ts';
import { digestOf, type PolicyRecord } from '../decision/index.ts';
import { type Bundle, BundleError, type BundleState } from '../distribution/index.ts';
import type { CompiledPolicy } from '../rego/index.ts';
import type { OperatorEvents } from '../telemetry/index.ts';
import { isPinned } from './bundle-fetcher.ts';
import { compileBundled } from './compile-bundled.ts';
import {
  type BundleInForce,
  type FailedStep,
  type PolicyEntry,
  type PolicySource,
  type PolicyState,
  policyKey,
} from './policy-catalog.ts';
import { describeCompileErrors } from './policy-status.ts';
import type { BundleFetcher, Clock, PolicyCompiler, RecordLog } from './ports.ts';

const FIRST_RETRY_MS = 2_000;
const LEAST_INTERVAL_MS = 1_000;
const INTERVAL_MS = { remote: 300_000, configMap: 30_000 } as const;
/** After a restart all policies have one in force: they need not all be fetched at the same moment. */
const AFTER_RESTART_MS = 2_000;
const BUNDLE_FAILURE: Readonly<Partial<Record<BundleError['code'], FailedStep>>> = {
  'digest-mismatch': 'verify',
  'not-verified': 'verify',
};

type BundleEntry = PolicyEntry & { readonly source: PolicySource & { readonly kind: 'bundle' } };

export function comesInBundle(entry: PolicyEntry): entry is BundleEntry {
  return entry.source.kind === 'bundle';
}

/** Keeps the policies that come in bundles up to date: when each is asked for, and what is known of it. */
export interface BundleRefresher {
  /** Whether it is time to ask for it, or its source is another one now. */
  isDue(entry: BundleEntry): boolean;
  /**
   * What was in force before a restart, from the status and the disk: a registry that is down, or slow, holds up no start.
   * Null where nothing was, or the policy has changed since.
   */
  restore(entry: BundleEntry): Promise<PolicyState | null>;
  /** Fetches, checks and compiles; every failure is a state that leaves the last good policy in force. */
  refresh(entry: BundleEntry): Promise<PolicyState>;
  /** When it is to be asked for again; undefined: never, as its digest is given. */
  nextMs(key: string): number | undefined;
  forget(key: string): void;
}

interface BundleRefresherPorts {
  readonly fetcher: BundleFetcher;
  readonly compiler: PolicyCompiler;
  readonly records: RecordLog;
  readonly clock: Clock;
  readonly events: Pick<OperatorEvents, 'bundleFetched' | 'bundleFailed'>;
  /** Between 0 and 1. */
  readonly random?: () => number;
}

interface Known {
  /** Digest of `spec.bundle`: under another one nothing is known. */
  readonly source: string;
  readonly uid: string | undefined;
  readonly dueAt: number | undefined;
  readonly failures: number;
  readonly good:
    | { readonly state: BundleState; readonly policy: CompiledPolicy; readonly bundle: BundleInForce }
    | undefined;
}

export function createBundleRefresher(ports: BundleRefresherPorts): BundleRefresher {
  const { fetcher, compiler, records, clock, events, random = Math.random } = ports;
  const known = new Map<string, Known>();

  const find = ({ kind, metadata, source }: BundleEntry): Known | undefined => {
    const found = known.get(policyKey(kind, metadata));
    return found?.uid === metadata.uid && found?.source === digestOf(source.bundle) ? found : undefined;
  };

  const remember = (entry: BundleEntry, news: Pick<Known, 'failures' | 'good'>, inMs: number | undefined): void => {
    const { kind, metadata, source } = entry;
    const dueAt = inMs === undefined ? undefined : performance.now() + inMs;
    known.set(policyKey(kind, metadata), { source: digestOf(source.bundle), uid: metadata.uid, dueAt, ...news });
  };

  const fetchAndCompile = async (entry: BundleEntry, before: Known | undefined): Promise<PolicyState> => {
    const { metadata, source } = entry;
    const policy = {
      namespace: entry.kind === 'ApprovalPolicy' ? metadata.namespace : undefined,
      bundle: source.bundle,
    };
    const fetched = await fetcher.fetch(policy, before?.good?.state);
    events.bundleFetched(policyKey(entry.kind, metadata), fetched.kind);
    const nextMs = isPinned(policy) ? undefined : intervalMs(source.bundle) * (0.9 + random() / 5);
    if (fetched.kind === 'unchanged' && before?.good) {
      remember(entry, { failures: 0, good: before.good }, nextMs);
      return { kind: 'compiled', inForce: before.good.policy, bundle: before.good.bundle };
    }
    if (fetched.kind === 'unchanged') throw new Error('a bundle that was never fetched is said to be unchanged');
    const { revision } = fetched.bundle;
    const result = await compileBundled(fetched.bundle, compiler, policy.namespace);
    if (result.kind === 'failed') {
      // It will hold the same the next time; but what it was compiled with may have been at fault.
      remember(entry, { failures: 0, good: undefined }, nextMs ?? intervalMs(source.bundle));
      const problem = `the policy in the bundle ${fetched.state.digest} does not compile: ${describeCompileErrors(result.errors)}`;
      return { ...(await findLastGood(entry)), kind: 'failed', step: 'compile', errors: result.errors, problem };
    }
    const { digest } = fetched.state;
    const same = entry.state.bundle?.digest === digest ? entry.state.bundle : undefined;
    const bundle = { digest, ...(revision ? { revision } : {}), fetchedAt: same?.fetchedAt ?? clock() };
    await records.record(await buildRecord(entry, result.policy, fetched.bundle, digest));
    remember(entry, { failures: 0, good: { state: fetched.state, policy: result.policy, bundle } }, nextMs);
    return { kind: 'compiled', inForce: result.policy, bundle };
  };

  /** What the memory or, after a restart, the status and the disk have. */
  const findLastGood = async ({ state, status }: BundleEntry): Promise<Pick<PolicyState, 'inForce' | 'bundle'>> => {
    if (state.inForce) return { inForce: state.inForce, bundle: state.bundle };
    const inForce = status?.digest === undefined ? null : await compiler.load(status.digest);
    return { inForce, bundle: inForce ? status?.bundle : undefined };
  };

  return {
    isDue(entry) {
      const found = find(entry);
      return !found || (found.dueAt !== undefined && found.dueAt <= performance.now());
    },
    async restore(entry) {
      const { metadata, state, status } = entry;
      const wasReady = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
      const asBefore = wasReady && status?.observedGeneration === metadata.generation;
      if (find(entry) || state.kind !== 'unknown' || !asBefore) return null;
      const { inForce, bundle } = await findLastGood(entry);
      if (!inForce || !bundle) return null;
      remember(entry, { failures: 0, good: undefined }, AFTER_RESTART_MS * random());
      return { kind: 'compiled', inForce, bundle };
    },
    async refresh(entry) {
      const before = find(entry);
      try {
        return await fetchAndCompile(entry, before);
      } catch (error) {
        if (!(error instanceof BundleError)) throw error;
        const failures = (before?.failures ?? 0) + 1;
        const retryMs =
          Math.min(intervalMs(entry.source.bundle), FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.5 + random() / 2);
        remember(entry, { failures, good: before?.good }, retryMs);
        events.bundleFailed(policyKey(entry.kind, entry.metadata), error, retryMs);
        const step = BUNDLE_FAILURE[error.code] ?? 'fetch';
        return { ...(await findLastGood(entry)), kind: 'failed', step, errors: [], problem: error.message };
      }
    },
    nextMs(key) {
      const dueAt = known.get(key)?.dueAt;
      return dueAt === undefined ? undefined : Math.max(0, dueAt - performance.now());
    },
    forget: (key) => void known.delete(key),
  };
}

async function buildRecord(
  { kind, metadata }: BundleEntry,
  { digest: id }: CompiledPolicy,
  { wasm, modules, data, revision }: Bundle,
  digest: string,
): Promise<PolicyRecord> {
  return {
    kind: 'Policy',
    id,
    name: policyKey(kind, metadata),
    modules: wasm ? {} : modules,
    ...(wasm ? { wasm: (await promisify(gzip)(wasm)).toString('base64') } : {}),
    ...(Object.keys(data).length > 0 ? { data } : {}),
    bundle: { digest, revision },
  };
}

function intervalMs({ interval, configMap }: BundleEntry['source']['bundle']): number {
  if (interval === undefined) return configMap ? INTERVAL_MS.configMap : INTERVAL_MS.remote;
  return Math.max(LEAST_INTERVAL_MS, parseDurationMs(interval));
}
