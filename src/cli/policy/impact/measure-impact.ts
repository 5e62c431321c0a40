import type { ModelVersion } from '../../../api/index.ts';
import { isSettled, type Judgement, judge, type PolicyResults, renderCanonicalJson } from '../../../decision/index.ts';
import {
  evaluatePolicies,
  fingerprintPolicy,
  type Gathered,
  gatherSnapshot,
  keyOfPolicy,
  type ModelVersionCache,
  type PolicyCatalog,
  policyKey,
  RECORDED_REGISTRY,
  UNFETCHED_EVIDENCE,
} from '../../../operator/index.ts';
import type { Evaluator } from '../../../rego/index.ts';
import type { Estate } from './estate.ts';

type Outcome = Judgement['outcome'];

/** One version that would be decided otherwise. */
export interface Flip {
  readonly namespace: string;
  readonly name: string;
  readonly model: string;
  readonly version: string;
  readonly requested: string;
  /** What the policies say of it, those of today and those to come. */
  readonly from: Outcome;
  readonly to: Outcome;
  /** A decided version keeps its decision: the policies to come meet its next generation. */
  readonly decided: boolean;
  readonly reason: string;
  /** The policies whose answers differ. */
  readonly policies: readonly PolicyChange[];
}

export interface PolicyChange {
  readonly name: string;
  /** Undefined where the policy does not judge the version on that side. */
  readonly from?: string;
  readonly to?: string;
  readonly reasons: readonly string[];
}

export interface Impact {
  readonly versions: number;
  readonly flips: readonly Flip[];
  /** Versions whose outcome is the same, for other people or other reasons. */
  readonly changed: number;
  /** Versions that cannot be judged, and why. */
  readonly invalid: readonly { readonly key: string; readonly problems: readonly string[] }[];
}

interface ImpactOptions {
  readonly estate: Estate;
  readonly from: PolicyCatalog;
  readonly to: PolicyCatalog;
  readonly evaluator: Evaluator;
  /** RFC 3339. */
  readonly now: string;
  /** Which versions are asked about; all of them may be champions. */
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean;
  /** Told now and then how many versions are through. */
  readonly report: (done: number, total: number) => void;
}

/** Enough to keep the evaluation threads busy; more would only take memory. */
const AT_ONCE = 256;
const REPORT_EVERY = 500;

/** Decides each version twice, by the policies of today and by those to come, as the operator would now. */
export async function measureImpact(options: ImpactOptions): Promise<Impact> {
  const { estate, report } = options;
  const keys = [...estate.collection.versions.keys()].toSorted();
  const unchanged = findUnchanged(options.from, options.to);
  const flips: Flip[] = [];
  const invalid: { key: string; problems: readonly string[] }[] = [];
  let [next, done, versions, changed] = [0, 0, 0, 0];
  const work = async (): Promise<void> => {
    for (let key = keys[next++]; key !== undefined; key = keys[next++]) {
      const compared = await compareVersion(key, unchanged, options);
      done++;
      if (done % REPORT_EVERY === 0) report(done, keys.length);
      if (compared.kind === 'left-out') continue;
      versions++;
      if (compared.kind === 'invalid') invalid.push({ key, problems: compared.problems });
      if (compared.kind === 'changed') changed++;
      if (compared.kind === 'flip') flips.push(compared.flip);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  report(keys.length, keys.length);
  return {
    versions,
    flips: flips.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
    changed,
    invalid: invalid.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

function keyOf({ namespace, name }: Flip): string {
  return `${namespace}/${name}`;
}

type Compared =
  | { readonly kind: 'left-out' | 'same' | 'changed' }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }
  | { readonly kind: 'flip'; readonly flip: Flip };

async function compareVersion(key: string, unchanged: ReadonlySet<string>, options: ImpactOptions): Promise<Compared> {
  const { from, to, evaluator, selects } = options;
  const versions = unpackOnce(options.estate.collection.versions);
  const before = gather(key, from, versions, options);
  if (before.kind === 'gone') return { kind: 'left-out' };
  if (before.kind === 'invalid') return { kind: 'invalid', problems: before.problems };
  if (before.kind === 'unready') return { kind: 'invalid', problems: [before.why] };
  const { modelVersion, namespace } = before.snapshot;
  if (!selects(modelVersion.metadata.labels ?? {})) return { kind: 'left-out' };
  const after = gather(key, to, versions, options);
  if (after.kind !== 'snapshot') return { kind: 'left-out' };
  const touched = after.policies.filter(({ snapshot }) => !unchanged.has(keyOfPolicy(snapshot.name, namespace.name)));
  if (touched.length === 0 && after.policies.length === before.policies.length) return { kind: 'same' };

  const resultsBefore = await evaluatePolicies(before.snapshot, before.policies, evaluator);
  const resultsAfter: PolicyResults = {
    ...resultsBefore,
    ...(await evaluatePolicies(after.snapshot, touched, evaluator)),
  };
  const [today, then] = [judge(before.snapshot, resultsBefore), judge(after.snapshot, resultsAfter)];
  if (today.outcome === then.outcome) {
    const same = today.message === then.message && sameRequirements(today, then);
    return { kind: same ? 'same' : 'changed' };
  }
  return { kind: 'flip', flip: buildFlip(modelVersion, today, then) };
}

function gather(
  key: string,
  policies: PolicyCatalog,
  versions: ModelVersionCache,
  { estate, now }: ImpactOptions,
): Gathered {
  const { collection, namespaces } = estate;
  const { index } = collection;
  const surroundings = { versions, index, namespaces, evidence: UNFETCHED_EVIDENCE, registries: RECORDED_REGISTRY };
  return gatherSnapshot(key, { ...surroundings, policies, clock: () => now, approvalsVerified: true });
}

/** Both sides look at the same version and its champion, and unpacking them is what takes the time. */
function unpackOnce(versions: ModelVersionCache): ModelVersionCache {
  const unpacked = new Map<string, unknown>();
  return {
    get(key) {
      if (!unpacked.has(key)) unpacked.set(key, versions.get(key));
      return unpacked.get(key);
    },
    summary: versions.summary,
    keys: versions.keys,
  };
}

/** @returns the keys of the policies that judge alike on both sides: the same rules, and the same of them in force. */
function findUnchanged(from: PolicyCatalog, to: PolicyCatalog): ReadonlySet<string> {
  const before = new Map(
    from.entries().map((entry) => [policyKey(entry.kind, entry.metadata), fingerprintPolicy(entry)]),
  );
  const keys = to.entries().flatMap((entry) => {
    const key = policyKey(entry.kind, entry.metadata);
    return before.get(key) === fingerprintPolicy(entry) ? [key] : [];
  });
  return new Set(keys);
}

function sameRequirements(a: Judgement, b: Judgement): boolean {
  return renderCanonicalJson(a.body.requirements) === renderCanonicalJson(b.body.requirements);
}

function buildFlip(version: ModelVersion, today: Judgement, then: Judgement): Flip {
  const { metadata, spec } = version;
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    model: spec.model,
    version: spec.version,
    requested: spec.stage,
    from: today.outcome,
    to: then.outcome,
    decided: isSettled(version),
    reason: then.message,
    policies: findChanges(today, then),
  };
}

function findChanges(today: Judgement, then: Judgement): readonly PolicyChange[] {
  const [before, after] = [today, then].map(({ body }) => new Map(body.policies.map((told) => [told.name, told])));
  const names = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].toSorted();
  return names.flatMap((name) => {
    const [old, now] = [before?.get(name), after?.get(name)];
    const [said, says] = [old, now].map((told) => renderCanonicalJson([told?.outcome, told?.mode, told?.reasons]));
    if (said === says) return [];
    return [
      {
        name,
        ...(old ? { from: old.outcome } : {}),
        ...(now ? { to: now.outcome } : {}),
        reasons: (now ?? old)?.reasons ?? [],
      },
    ];
  });
}
