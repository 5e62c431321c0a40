// What kstatus (Flux, kpt, `kubectl wait` of others) and Argo CD make of our objects. The statuses are made by the code
// that decides, the verdicts by the tools' own code.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { APPROVED_REASONS, VERDICTS, type Verdict } from '../../src/api/index.ts';
import { ensureGitopsHealth, repositoryRoot } from '../../src/dev/index.ts';
import { askHealth } from './health.ts';
import { type HealthCase, NOTIFICATION_CASES, POLICY_CASES, REGISTRY_CASES, VERSION_CASES } from './health-cases.ts';

const Actions = z.object({
  'discovery.lua': z.string(),
  definitions: z.array(z.object({ name: z.string(), 'action.lua': z.string() })),
});

// As Argo CD reads its ConfigMap: a key's value is a script, or YAML with scripts in it.
const file = join(repositoryRoot, 'examples', 'gitops', 'argocd', 'argocd-cm-patch.yaml');
const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(parse(readFileSync(file, 'utf8')));
const healthOf = (kind: string) => data[`resource.customizations.health.assent.dev_${kind}`] ?? '';
const actions = Actions.parse(parse(data['resource.customizations.actions.assent.dev_ModelVersion'] ?? ''));
const actionOf = (verdict: Verdict) => actions.definitions.find(({ name }) => name === verdict)?.['action.lua'] ?? '';

beforeAll(() => ensureGitopsHealth(), 300_000);

async function healths(cases: readonly HealthCase[], script?: string) {
  const answers = await askHealth({ objects: cases.map(({ object }) => object), ...(script ? { script } : {}) });
  return answers.map(({ status, result, error }) => error ?? status ?? result?.status);
}

const named = (cases: readonly HealthCase[], of: (one: HealthCase) => unknown) =>
  Object.fromEntries(cases.map((one) => [one.name, of(one)]));
const answered = (cases: readonly HealthCase[], answers: readonly unknown[]) =>
  Object.fromEntries(cases.map(({ name }, index) => [name, answers[index]]));

test('every reason of condition Approved has its case', () => {
  expect([...new Set(VERSION_CASES.flatMap(({ reason }) => reason ?? []))].toSorted()).toEqual(
    Object.keys(APPROVED_REASONS).toSorted(),
  );
});

describe.for([
  ['ModelVersion', VERSION_CASES],
  ['ApprovalPolicy', POLICY_CASES],
  ['ClusterApprovalPolicy', POLICY_CASES],
  ['ModelRegistry', REGISTRY_CASES],
  ['Notification', NOTIFICATION_CASES],
] as const)('%s', ([kind, cases]) => {
  test('kstatus waits for what waits, and fails what is rejected or to be repaired', async () => {
    expect(answered(cases, await healths(cases))).toEqual(named(cases, ({ kstatus }) => kstatus));
  });

  test("Argo CD's health", async () => {
    expect(answered(cases, await healths(cases, healthOf(kind)))).toEqual(named(cases, ({ argo }) => argo));
  });

  test('Argo CD tells the reason', async () => {
    const objects = cases.map(({ object }) => object);
    for (const { result } of await askHealth({ objects, script: healthOf(kind) })) expect(result?.message).toMatch(/./);
  });
});

test("Argo CD's actions are those that could count", async () => {
  const objects = VERSION_CASES.map(({ object }) => object);
  const answers = await askHealth({ objects, script: actions['discovery.lua'] });
  const Found = z.record(z.enum(VERDICTS), z.object({ disabled: z.boolean(), params: z.array(z.unknown()) }));
  const enabled = answers.map(({ result }) => {
    const found = Found.parse(result);
    return VERDICTS.filter((verdict) => found[verdict]?.disabled === false);
  });
  expect(answered(VERSION_CASES, enabled)).toEqual(named(VERSION_CASES, (one) => one.actions));
});

describe.for(VERDICTS)('the action %s', (verdict) => {
  const run = async (object: unknown, params: Record<string, string> = {}) => {
    const [answer] = await askHealth({ objects: [object], script: actionOf(verdict), params, patch: true });
    return answer;
  };
  const annotation = `assent.dev/${verdict}`;

  test('changes nothing but the annotation, whatever the object holds', async () => {
    for (const { object } of VERSION_CASES)
      expect(await run(object, { reason: 'looked at it again' })).toEqual({
        patch: { metadata: { annotations: { [annotation]: 'looked at it again' } } },
      });
  });

  test('without a reason writes one that is new for each generation', async () => {
    const answer = await run(VERSION_CASES[1]?.object);
    expect(answer?.patch).toMatchObject({
      metadata: { annotations: { [annotation]: expect.stringMatching(/ in Argo CD, generation 1$/) } },
    });
  });

  test('refuses the words that stand there already', async () => {
    const annotations = { [annotation]: 'same' };
    const object = { apiVersion: 'assent.dev/v1alpha1', kind: 'ModelVersion', metadata: { annotations } };
    expect((await run(object, { reason: 'same' }))?.error).toMatch('give another reason');
  });
});
