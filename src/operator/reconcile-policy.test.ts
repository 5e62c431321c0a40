import { expect, it } from 'vitest';
import type { CompileResult } from '../rego/index.ts';
import { createPolicyCatalog } from './policy-catalog.ts';
import { createPolicyHealth } from './policy-health.ts';
import type { PolicyCompiler } from './ports.ts';
import { reconcilePolicy, retryPolicy } from './reconcile-policy.ts';
import type { BundleRefresher } from './refresh-bundle.ts';

const KEY = 'ApprovalPolicy/risk/fraud';
const policy = {
  apiVersion: 'assent.dev/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name: 'fraud', namespace: 'risk', uid: 'u', generation: 1, resourceVersion: '1' },
  spec: { modules: { 'p.rego': 'package approval' } },
};

const failed = (code: string): CompileResult => ({
  kind: 'failed',
  errors: [{ file: 'p.rego', line: 1, column: 1, code, message: code }],
});
const compiled: CompileResult = {
  kind: 'compiled',
  policy: { digest: 'sha256:01', wasm: new Uint8Array(), builtins: [], reads: [] },
};

/** @param answers of the compiler, one after the other */
function start(...answers: readonly CompileResult[]) {
  const catalog = createPolicyCatalog();
  catalog.observe('ApprovalPolicy', policy);
  const later: string[] = [];
  const compiler: PolicyCompiler = {
    compile: async () => answers[Math.min(asked++, answers.length - 1)] ?? compiled,
    adopt: async () => compiled,
    load: async () => null,
  };
  let asked = 0;
  const bundles: BundleRefresher = {
    isDue: () => false,
    restore: async () => null,
    refresh: () => Promise.reject(new Error('it comes in no bundle')),
    nextMs: () => undefined,
    forget: () => undefined,
  };
  const clock = () => 'now';
  const ports = {
    ...{ catalog, compiler, bundles, clock, records: { record: () => undefined }, events: { record: () => undefined } },
    health: createPolicyHealth({ clock, onQuarantine: () => undefined }),
    writer: { writeModelVersionStatus: async () => '', writePolicyStatus: async () => '' },
    ...{ fetchLater: () => undefined, compileLater: (key: string) => later.push(key), onSettled: () => undefined },
  };
  return {
    later,
    state: () => catalog.get(KEY)?.state.kind,
    asked: () => asked,
    reconcile: () => reconcilePolicy(KEY, ports),
    retry: () => retryPolicy(KEY, ports),
  };
}

it.each(['compile_timeout', 'compiler_crashed', 'internal_error'])(
  'a policy that did not compile because of %s is compiled again, until it is in force',
  async (code) => {
    const { later, state, reconcile, retry, asked } = start(failed(code), failed(code), compiled);
    await reconcile();
    expect({ state: state(), later }).toEqual({ state: 'failed', later: [KEY] });
    expect(await retry()).toEqual({ retryAtMostMs: expect.any(Number) });
    expect(await retry()).toBeUndefined();
    expect(state()).toBe('compiled');
    await retry();
    expect(asked()).toBe(3);
  },
);

it('a policy whose Rego is wrong is not compiled again until it changes', async () => {
  const { later, state, reconcile, retry, asked } = start(failed('rego_parse_error'));
  await reconcile();
  expect(await retry()).toBeUndefined();
  expect({ state: state(), later, asked: asked() }).toEqual({ state: 'failed', later: [], asked: 1 });
});
