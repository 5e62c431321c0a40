import { expect, test } from 'vitest';
import { allows, aScene, denies, requires, type Scene, START } from '../../../test/a-snapshot.ts';
import { StoredVersion } from '../stored-version.ts';
import { renderStatus } from './render-status.ts';

const shown = (scene: Scene, flags: Readonly<Record<string, string | undefined>> = { namespace: 'risk' }) =>
  renderStatus(StoredVersion.parse(scene.snapshot.modelVersion), {
    program: 'assent',
    flags,
    nowMs: Date.parse(START) + 3_600_000 * 4,
    paint: (_, text) => text,
  });

test('a version that waits: why, who has signed, who still can, and with which command', () => {
  const scene = aScene()
    .withPolicy('ClusterApprovalPolicy/credit', {
      require: [{ approvers: ['group:risk', 'alice', 'serviceaccount:ci:bot'], count: 2, reason: 'touches credit' }],
      warn: ['no git commit recorded'],
    })
    .applied()
    .decidedBy('eve', 'approve', 'why\nnot')
    .applied()
    .decidedBy('alice', 'approve', 'ok')
    .applied();
  expect(shown(scene)).toBe(`fraud-7 in namespace risk, generation 1
Model:      fraud, version 7
Stage:      None
Requested:  Production
Decision:   AwaitingApproval
            waits for 1 approval by group:risk, alice, serviceaccount:ci:bot (touches credit)
Since:      2026-01-02T03:04:05.000Z (4h)

Policies:
  POLICY                         OUTCOME   REASONS
  ClusterApprovalPolicy/credit   require   touches credit

Warnings:
  no git commit recorded

Requirements:
  1. 1 of 2 by group:risk, alice, serviceaccount:ci:bot (touches credit)
     signed by alice
     can still be signed by members of group risk, service account ci:bot

Decisions that do not count:
  approve by eve at 2026-01-02T03:04:05.000Z (why\\nnot): eve is not among the approvers: group:risk, alice, serviceaccount:ci:bot

To approve it:
  assent approve fraud-7 --namespace risk --generation 1 --reason '…'
`);
});

test('where anyone with the verb may sign, the command that tells who has it is shown', () => {
  const text = shown(aScene().applied(), { namespace: 'risk', context: 'my cluster' });
  expect(text).toContain('Policies:\n  none matches\n');
  expect(text).toContain(
    "can still be signed by anyone who may approve it: assent who-can fraud-7 --namespace risk --context 'my cluster'",
  );
});

test.for<readonly [string, Scene, string]>([
  ['approved', aScene().withPolicy('accuracy', allows()), 'To take the approval back:\n  assent revoke fraud-7 '],
  ['rejected', aScene().withPolicy('cards', denies()), 'a change of its spec brings it back'],
  ['that could not be judged', aScene().withFailingPolicy('slow', 'too slow'), 'repair the policy or the spec'],
])('a version %s says what can be done now', ([, scene, says]) => {
  expect(shown(scene.applied())).toContain(says);
});

test('what a policy in shadow says is told apart from what decided', () => {
  const scene = aScene().withPolicy('accuracy', allows()).withPolicy('next', denies(), { mode: 'Shadow' });
  expect(shown(scene.applied())).toMatch(/next +deny \(in shadow\)/);
});

test('before the operator has looked, nothing of an older generation is shown as decided', () => {
  const changed = aScene().withPolicy('leads', requires('alice')).applied().withSpec({ stage: 'Staging' });
  const text = shown(changed);
  expect(text).toContain('the operator has not looked at generation 2 yet');
  expect(text).toContain('Decision:   AwaitingApproval (of generation 1)');
  expect(text).not.toContain('Requirements:');
  expect(shown(aScene())).toContain('Decision:   none yet');
});

test('without the admission policies it says that approvals are not honoured', () => {
  const text = shown(aScene().with({ approvalsVerified: false }).applied());
  expect(text).toMatch(/^Approvals: {2}the admission policies are missing or changed/m);
});

test('what the model registry says, where it differs from the spec, and what it shows of the decision', () => {
  const { snapshot } = aScene().applied();
  const { modelVersion } = snapshot;
  const status = {
    ...modelVersion.status,
    verified: {
      ...{
        registry: 'mlflow',
        outcome: 'Read',
        url: 'https://mlflow.example.com',
        runId: '8f',
        metrics: { accuracy: 0.7 },
      },
      differences: ['metrics.accuracy is 0.99, and the run says 0.7'],
    },
    exported: { registry: 'mlflow', decisionId: 'sha256:0', stage: 'Staging', at: START },
  };
  const style = { program: 'assent', flags: {}, nowMs: Date.parse(START), paint: (_: unknown, text: string) => text };
  expect(renderStatus(StoredVersion.parse({ ...modelVersion, status }), style)).toContain(`Registry:
  run 8f at https://mlflow.example.com: accuracy 0.7
  metrics.accuracy is 0.99, and the run says 0.7
  mlflow shows Staging since ${START}
`);
});
