import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../../src/dev/index.ts';

/** A policy to measure, with what it is asked. */
export interface BenchedPolicy {
  readonly name: string;
  readonly source: string;
  readonly data: unknown;
  /** JSON. */
  readonly input: string;
  /** Whether it allows what it is asked. */
  readonly allows: boolean;
}

const Manifest = z.object({ spec: z.object({ parameters: z.record(z.string(), z.unknown()).default({}) }) });

const root = join(repositoryRoot, 'policies');
const published = join(import.meta.dirname, 'policies');

/** Every policy of policies/ with one input for all of them, and OPA's with their own. */
export function loadBenchedPolicies(): readonly BenchedPolicy[] {
  const own = [root, join(root, 'lib')].flatMap((parent) => foldersOf(parent).filter(isPolicy).map(loadOwn));
  return [...own, ...foldersOf(published).map(loadPublished)];
}

function foldersOf(parent: string): readonly { readonly name: string; readonly folder: string }[] {
  const entries = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map(({ name }) => ({ name, folder: join(parent, name) }));
}

function isPolicy({ folder }: { readonly folder: string }): boolean {
  return existsSync(join(folder, 'policy.yaml'));
}

function loadOwn({ name, folder }: { readonly name: string; readonly folder: string }): BenchedPolicy {
  const { parameters } = Manifest.parse(parse(readFileSync(join(folder, 'policy.yaml'), 'utf8'))).spec;
  const source = readFileSync(join(folder, `${name}.rego`), 'utf8');
  return { name, source, data: { parameters }, input: JSON.stringify(input), allows: name !== 'two-person-rule' };
}

function loadPublished({ name, folder }: { readonly name: string; readonly folder: string }): BenchedPolicy {
  const source = readFileSync(join(folder, 'policy.rego'), 'utf8');
  const asked: unknown = JSON.parse(readFileSync(join(folder, 'input.json'), 'utf8'));
  const data = name === 'rest-authz' ? buildTokens() : {};
  // In OPA's example bob may not write.
  return { name: `opa/${name}`, source, data, input: JSON.stringify(asked), allows: name !== 'rbac' };
}

/** As GenerateDataset of OPA's v1/test/authz/testing.go does. */
function buildTokens(): unknown {
  const profiles = Array.from({ length: 10 }, (_, index) => ({
    path: `/api/v1/resourcetype-${index}/*`,
    methods: ['POST', 'GET'],
  }));
  const tokens = Array.from({ length: 1_000 }, (_, index) => ({ id: `token-${index}`, authz_profiles: profiles }));
  return { restauthz: { tokens: Object.fromEntries(tokens.map((token) => [token.id, token])) } };
}

const digest = `sha256:${'3c'.repeat(32)}`;

/** What every policy of the library allows, and most of it is read by none. */
const input = {
  modelVersion: {
    metadata: {
      name: 'fraud-detector-7',
      namespace: 'risk',
      labels: { domain: 'credit', team: 'risk' },
      annotations: {},
    },
    spec: {
      model: 'fraud-detector',
      version: '7',
      stage: 'Production',
      metrics: { accuracy: 0.93, auc: 0.97, f1: 0.88, logloss: 0.29 },
      parameters: { max_depth: '6', objective: 'binary:logistic', evaluated_at: '2026-11-20T08:00:00Z' },
      artifact: { uri: 'models:/fraud-detector/7', digest },
      source: { runId: '8f'.repeat(16), gitCommit: '3c'.repeat(20), registry: 'mlflow' },
      evidence: [
        { type: 'model-card', uri: 'https://example.com/card', digest },
        { type: 'bias-report', uri: 'https://example.com/bias', digest },
      ],
    },
  },
  transition: { from: 'Staging', to: 'Production' },
  champion: {
    metadata: { name: 'fraud-detector-6', namespace: 'risk', labels: {}, annotations: {} },
    spec: { model: 'fraud-detector', version: '6', stage: 'Production', metrics: { accuracy: 0.92, logloss: 0.3 } },
  },
  namespace: { name: 'risk', labels: { 'kubernetes.io/metadata.name': 'risk' } },
  submitter: { user: 'system:serviceaccount:risk:trainer', groups: ['system:authenticated'] },
  verified: {
    metrics: { accuracy: 0.93, auc: 0.97, f1: 0.88, logloss: 0.29 },
    attestations: [{ predicateType: 'https://slsa.dev/provenance/v1', keyId: 'build', predicate: {} }],
  },
  now: '2026-11-25T09:00:00Z',
};
