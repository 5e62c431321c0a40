import { expect, test } from 'vitest';
import { digestPolicies } from '../decision/index.ts';
import { buildPolicyInForce, createPolicyCatalog, type PolicyEntry } from './policy-catalog.ts';

const KEY = 'ApprovalPolicy/risk/tables';

/** A policy as stored, whose data tell how often they were read. */
function aPolicy(generation: number, status = {}) {
  let reads = 0;
  const rows = {
    get first() {
      reads++;
      return 1;
    },
  };
  const spec = { modules: { 'a.rego': 'package approval\n' }, data: { rows } };
  const metadata = { name: 'tables', namespace: 'risk', uid: 'uid-1', generation, resourceVersion: '1' };
  const object = { apiVersion: 'assent.dev/v1alpha1', kind: 'ApprovalPolicy', metadata, spec, status };
  return { object, reads: () => reads };
}

function entryOf(catalog: ReturnType<typeof createPolicyCatalog>): PolicyEntry {
  const entry = catalog.get(KEY);
  if (!entry) throw new Error('the policy is not there');
  return entry;
}

function observed(catalog: ReturnType<typeof createPolicyCatalog>, object: unknown): PolicyEntry {
  catalog.observe('ApprovalPolicy', object);
  return entryOf(catalog);
}

test('the data of a policy are read when they come, and not for each decision nor for each status', () => {
  const catalog = createPolicyCatalog();
  const first = aPolicy(1);
  const { snapshot } = buildPolicyInForce(observed(catalog, first.object));
  const digest = digestPolicies([snapshot]);
  const reads = first.reads();
  for (let decision = 0; decision < 3; decision++)
    expect(digestPolicies([buildPolicyInForce(entryOf(catalog)).snapshot])).toBe(digest);
  expect(first.reads()).toBe(reads);

  const later = aPolicy(1, { observedGeneration: 1 });
  const entry = observed(catalog, later.object);
  expect(entry.status).toEqual({ observedGeneration: 1 });
  expect(buildPolicyInForce(entry).snapshot).toBe(snapshot);
  // Compared, and not digested again.
  expect(later.reads()).toBe(1);
});

test('another generation, another object of the name, and what is in force now are not what was built before', () => {
  const catalog = createPolicyCatalog();
  const built = buildPolicyInForce(observed(catalog, aPolicy(1).object));
  expect(buildPolicyInForce(observed(catalog, aPolicy(2).object)).snapshot.generation).toBe(2);
  const { object } = aPolicy(2);
  const anew = observed(catalog, { ...object, metadata: { ...object.metadata, uid: 'uid-2' } });
  expect(buildPolicyInForce(anew)).not.toBe(built);

  const inForce = { digest: 'sha256:00', wasm: new Uint8Array(), builtins: [], reads: [] };
  catalog.settle(KEY, anew.source, { kind: 'compiled', inForce });
  const settled = catalog.get(KEY);
  expect(settled && buildPolicyInForce(settled).snapshot).toMatchObject({ digest: 'sha256:00', problem: null });
});
