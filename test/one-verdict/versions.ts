// The table of the tests "one verdict": 200 versions, always the same ones, and the policies that judge them.
import { join } from 'node:path';
import { type AnyApprovalPolicy, API_VERSION, ModelVersion, type ModelVersionSpec } from '../../src/api/index.ts';
import { loadPolicies } from '../../src/cli/evaluate/load-policies.ts';
import { repositoryRoot } from '../../src/dev/index.ts';

/** A version, and the one that holds its stage before. */
export interface TableEntry {
  readonly version: ModelVersion;
  readonly champion: ModelVersion | null;
}

const POLICIES = join(repositoryRoot, 'test', 'one-verdict', 'policies');
const NAMES = ['champion', 'credit', 'fragile', 'quality'] as const;

/** The folders of the policies, for `assent policy`. */
export const policyFolders: readonly string[] = NAMES.map((name) => join(POLICIES, name));

/** @returns the policies as objects of a namespace, with their modules in them. */
export function buildPolicies(namespace: string): readonly AnyApprovalPolicy[] {
  return loadPolicies(policyFolders).map(({ metadata, ...policy }) => {
    const { generation: _, ...kept } = metadata;
    return { ...policy, metadata: { ...kept, namespace } };
  });
}

/** @returns 200 versions. No two have a model in common, so that none is another one's champion. */
export function buildTable(namespace: string): readonly TableEntry[] {
  const random = createRandom(20_260_102);
  return Array.from({ length: 200 }, (_, index) => buildEntry(index, namespace, random));
}

function buildEntry(index: number, namespace: string, random: Random): TableEntry {
  const { pick, chance } = random;
  const name = `table-${String(index).padStart(3, '0')}`;
  const compared = chance(0.4);
  const labels = {
    ...(compared ? { 'compare-with': 'champion' } : {}),
    ...(chance(0.25) ? { domain: pick(['credit', 'ads']) } : {}),
    ...(chance(0.3) ? { fragile: 'yes' } : {}),
  };
  const metrics = {
    ...(chance(0.9) ? { accuracy: pick(ACCURACIES) } : {}),
    ...(chance(0.5) ? { calibration: pick([0.01, 0.049, 0.05, 0.3]) } : {}),
    ...(chance(0.05) ? { recall: 1.5 } : {}),
    parameters: pick([5, 50, 50, 500]),
  };
  const spec: ModelVersionSpec = {
    model: name,
    version: '2',
    stage: pick(['Production', 'Production', 'Production', 'Staging', 'Archived', 'None']),
    metrics,
    ...(chance(0.5) ? { parameters: { max_depth: pick(['6', '8', '10', '12.5']) } } : {}),
    ...(chance(0.5) ? { source: { gitCommit: '3c5f0a1' } } : {}),
    ...(chance(0.5)
      ? { evidence: [{ type: pick(['model-card', 'report']), uri: 'https://example.com/é"\\<card>' }] }
      : {}),
    ...(chance(0.1) ? { approvers: ['carol'] } : {}),
  };
  const held = compared && chance(0.7);
  const champion: ModelVersionSpec = {
    model: name,
    version: '1',
    stage: 'Production',
    metrics: { accuracy: pick([0.91, 0.92, 0.94, 0.99]), parameters: 5 },
  };
  return {
    version: build(namespace, name, labels, spec),
    champion: held && spec.stage === 'Production' ? build(namespace, `${name}-champion`, {}, champion) : null,
  };
}

/** At the thresholds, just beside them, and where binary floats go wrong. */
const ACCURACIES = [0.1, 0.5, 0.79, 0.8, 0.85, 0.87, 0.88, 0.89, 0.9, 0.91, 0.92, 0.93, 0.95, 0.99, 1, 1.01, 93];

function build(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  spec: ModelVersionSpec,
): ModelVersion {
  return ModelVersion.parse({
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata: { name, namespace, labels },
    spec,
  });
}

interface Random {
  pick<T>(values: readonly [T, ...T[]] | readonly T[]): T;
  chance(share: number): boolean;
}

/** Mulberry32: the same numbers on every machine. */
function createRandom(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    pick(values) {
      const value = values[Math.floor(next() * values.length)];
      if (value === undefined) throw new Error('there is nothing to pick from');
      return value;
    },
    chance: (share) => next() < share,
  };
}
