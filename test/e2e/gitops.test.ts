import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { VERDICTS, type Verdict } from '../../src/api/index.ts';
import { ensureFlux, ensureGitopsHealth, kubeconfigFor, repositoryRoot } from '../../src/dev/index.ts';
import { askHealth } from '../gitops/health.ts';
import { type AdmissionCluster, assertOk, installAdmission, type Kubectl } from './admission-cluster.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

const NAMESPACE = 'risk';
const ARGO_CD = 'system:serviceaccount:argocd:argocd-server';

let cluster: AdmissionCluster;
let admin: Kubectl;
let operator: OperatorProcess;
beforeAll(async () => {
  const [{ crds }] = await Promise.all([ensureFlux(), ensureGitopsHealth()]);
  cluster = await installAdmission();
  admin = (args, stdin) => cluster.admin(['--namespace', NAMESPACE, ...args], stdin);
  for (const crd of crds) assertOk(await admin(['apply', '--server-side', '--filename', crd]));
  assertOk(await admin(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']));
  // What Flux and Argo CD have when they are installed.
  const aNamespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const items = [NAMESPACE, 'flux-system', 'argocd'].map(aNamespace);
  assertOk(await cluster.admin(['apply', '--server-side', '--filename', '-', '--namespace='], aList(items)));
  await removeShown();
  assertOk(await cluster.admin(['create', 'configmap', 'argocd-cm', '--namespace', 'argocd']));
  const identity = operatorIdentity(DEFAULT_NAMESPACE);
  operator = await startOperatorProcess(await kubeconfigFor(sharedCluster(), identity), {
    args: ['--namespaces', NAMESPACE, cluster.namespace],
  });
}, 600_000);
afterAll(async () => {
  await removeShown();
  await operator?.[Symbol.asyncDispose]();
});

/** What the page has a reader make, so that it is made anew on a cluster that outlives the tests. */
async function removeShown(): Promise<void> {
  const remove = (namespace: string, ...what: readonly string[]) =>
    cluster.admin(['delete', '--namespace', namespace, '--ignore-not-found', ...what]);
  assertOk(await remove(NAMESPACE, 'approvalpolicy,modelversion,rolebinding', '--all'));
  assertOk(await remove('argocd', 'configmap', 'argocd-cm'));
  assertOk(await remove('flux-system', 'kustomizations.kustomize.toolkit.fluxcd.io', 'models', 'approved', 'serving'));
}

const aList = (items: readonly unknown[]) => ({ apiVersion: 'v1', kind: 'List', items });

const page = readFileSync(join(repositoryRoot, 'docs', 'gitops.md'), 'utf8');
const session = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block).join('');

describe('docs/gitops.md', () => {
  it('shows what its commands print', async () => {
    const { kubeconfig, kubectl } = sharedCluster();
    const env = { ...process.env, KUBECONFIG: kubeconfig, PATH: `${dirname(kubectl)}:${process.env.PATH}` };
    const commands = [...session.matchAll(/^\$ (.*)$/gm)].map(([, command]) => command);
    expect(commands.length).toBeGreaterThan(10);
    // One shell, as a reader has it; each command's end is a line of its own.
    const script = commands.map((command) => `echo '$ '${quote(command ?? '')}\n${command}`).join('\n');
    const bash = ['-e', '-o', 'pipefail', '-c', script];
    const { stdout } = await promisify(execFile)('bash', bash, { env, cwd: repositoryRoot });
    expect(stdout.trimEnd()).toBe(session.trimEnd());
  });
});

describe("Argo CD's actions", () => {
  const source = (verdict: Verdict) =>
    readFileSync(join(repositoryRoot, `examples/gitops/argocd/model-version/actions/${verdict}.lua`), 'utf8');

  /** As Argo CD's server does it: reads the object, runs the script, sends the difference. */
  async function act(by: Kubectl, name: string, verdict: Verdict, reason: string) {
    const objects = [JSON.parse(assertOk(await cluster.admin(['get', 'modelversion', name, '-o', 'json'])).stdout)];
    const [answer] = await askHealth({ objects, script: source(verdict), params: { reason }, patch: true });
    return by(['patch', 'modelversion', name, '--type', 'merge', '--patch', JSON.stringify(answer?.patch)]);
  }

  const decisions = async (name: string) => {
    const { status } = await cluster.read(name);
    return {
      reason: status?.conditions?.find(({ type }) => type === 'Approved')?.reason,
      approvals: (status?.approvals ?? []).map(({ user, verdict, reason }) => `${user} ${verdict}: ${reason}`),
    };
  };

  it("are decisions of Argo CD's service account, and leave all else as it was", async () => {
    const server = await cluster.as({ user: ARGO_CD, groups: ['system:serviceaccounts'] }, 'assent-approver');
    for (const verdict of VERDICTS) {
      const name = await cluster.submit();
      await until(async () => (await decisions(name)).reason, 'AwaitingApproval');
      if (verdict === 'revoke') {
        assertOk(await act(server, name, 'approve', 'good'));
        await until(async () => (await decisions(name)).reason, 'ManuallyApproved');
      }
      assertOk(await act(server, name, verdict, 'pressed'));
      const reason = { approve: 'ManuallyApproved', reject: 'RejectedByApprover', revoke: 'Revoked' }[verdict];
      const approvals = expect.arrayContaining([`${ARGO_CD} ${verdict}: pressed`]);
      await until(() => decisions(name), { reason, approvals });
      expect((await cluster.read(name)).metadata.generation).toBe(1);
    }
  });

  it('are refused where the account does not hold the verb', async () => {
    const server = await cluster.as({ user: `${ARGO_CD}-2`, groups: [] }, 'assent-submitter');
    const answer = await act(server, await cluster.submit(), 'approve', 'pressed');
    expect(answer).toMatchObject({ ok: false, stderr: expect.stringContaining('may not decide') });
  });
});

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
