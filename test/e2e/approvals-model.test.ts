import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, it } from 'vitest';
import { z } from 'zod';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { ANNOTATIONS, API_VERSION, GROUP, ModelVersion, VERSION } from '../../src/api/index.ts';
import { type ControlPlane, install, startControlPlane } from '../../src/dev/index.ts';
import { applyManifest, type Cluster, loadCluster } from '../../src/kube/index.ts';
import {
  approveModel,
  decideModel,
  type Modelled,
  NAMED,
  PENDING_HOURS,
  type PolicyParameters,
  rejectModel,
  revokeModel,
  submitModel,
} from './approvals-model.ts';
import { isAllDoubtRecorded } from './doubt.ts';
import { until } from './until.ts';

// Sequences run in batches: one operation on each version of a batch, then something that happens to all of them.
const BATCHES = 5;
const VERSIONS = 100;
const ROUNDS = 5;

const USERS = ['alice', 'bob', 'eve'] as const;
const SUBMITTERS = ['sam', 'bob'] as const;
const NAMESPACE = 'model';

type Operation =
  | { readonly kind: 'approve' | 'reject' | 'revoke'; readonly user: (typeof USERS)[number] }
  | {
      readonly kind: 'submit';
      readonly user: (typeof SUBMITTERS)[number];
      readonly accuracy: number;
      readonly asked: 'Staging' | 'Production';
    }
  | { readonly kind: 'nothing' };

type Happening =
  | { readonly kind: 'policy'; readonly parameters: PolicyParameters }
  | { readonly kind: 'kill' }
  | { readonly kind: 'clock'; readonly hours: number }
  | { readonly kind: 'nothing' };

const spec = {
  user: fc.constantFrom(...SUBMITTERS),
  accuracy: fc.constantFrom(0.1, 0.5, 0.7, 0.95),
  asked: fc.constantFrom('Staging' as const, 'Production' as const),
};
const submission = fc.record({ kind: fc.constant('submit' as const), ...spec });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('approve' as const), user: fc.constantFrom(...USERS) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('reject' as const, 'revoke' as const),
      user: fc.constantFrom(...USERS),
    }),
  },
  { weight: 2, arbitrary: submission },
  { weight: 1, arbitrary: fc.constant({ kind: 'nothing' as const }) },
);
const parameters = fc.record({ threshold: fc.constantFrom(0.6, 0.9), required: fc.constantFrom(1, 2) });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constant('policy' as const), parameters }),
  fc.constant({ kind: 'kill' as const }),
  fc.record({ kind: fc.constant('clock' as const), hours: fc.constantFrom(1, 2) }),
  fc.constant({ kind: 'nothing' as const }),
);
const batch = fc.record({
  parameters,
  first: fc.array(submission, { minLength: VERSIONS, maxLength: VERSIONS }),
  rounds: fc.array(
    fc.record({ operations: fc.array(operation, { minLength: VERSIONS, maxLength: VERSIONS }), happening }),
    { minLength: ROUNDS, maxLength: ROUNDS },
  ),
});

let controlPlane: ControlPlane;
let admin: Cluster;
let operatorConfig: string;
let operator: ChildProcess;
const people = new Map<string, Cluster>();
const connections = new AsyncDisposableStack();
let hours = 0;

beforeAll(async () => {
  controlPlane = connections.use(await startControlPlane({}));
  admin = connections.use(loadCluster({ kubeconfig: controlPlane.kubeconfig }));
  await install(admin);
  await applyManifest(admin, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, 'test');
  const bind = (user: string, role: string) =>
    applyManifest(
      admin,
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: `${user}-${role}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      },
      'test',
    );
  for (const user of USERS) await bind(user, 'assent-approver');
  for (const user of SUBMITTERS) await bind(user, 'assent-submitter');
  for (const user of new Set<string>([...USERS, ...SUBMITTERS])) {
    const kubeconfig = await controlPlane.issueKubeconfig({ user, groups: [] });
    people.set(user, connections.use(loadCluster({ kubeconfig })));
  }
  operatorConfig = await controlPlane.issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE));
  operator = startOperator();
  // What was submitted before the first operator ever ran has no submitter.
  await until(() => isAllDoubtRecorded(admin), true);
});

afterAll(async () => {
  operator?.kill('SIGKILL');
  await connections.disposeAsync();
});

function startOperator(): ChildProcess {
  const offset = String(hours * 3_600_000);
  const args = [operatorConfig, NAMESPACE, offset];
  return fork(join(import.meta.dirname, 'operator-with-clock.ts'), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

const path = `/apis/${GROUP}/${VERSION}/namespaces/${NAMESPACE}/modelversions`;

function as(user: string): Cluster {
  const cluster = people.get(user);
  if (!cluster) throw new Error(`${user} has no kubeconfig`);
  return cluster;
}

function patch(user: string, name: string, body: unknown): Promise<unknown> {
  const contentType = 'application/merge-patch+json';
  return as(user).request({ method: 'PATCH', path: `${path}/${name}`, contentType, body });
}

async function applyPolicy({ threshold, required }: PolicyParameters): Promise<void> {
  const rego = `package approval

accuracy := input.modelVersion.spec.metrics.accuracy

deny contains "far too low" if accuracy < 0.2

allow contains "good" if accuracy > data.parameters.threshold
`;
  const policy = {
    apiVersion: API_VERSION,
    kind: 'ApprovalPolicy',
    metadata: { name: 'all', namespace: NAMESPACE },
    spec: {
      modules: { 'all.rego': rego },
      parameters: { threshold },
      approvers: [...NAMED],
      required,
      separationOfDuties: true,
      pendingTimeout: `${PENDING_HOURS}h`,
    },
  };
  await applyManifest(admin, policy, 'test');
}

async function read(): Promise<ReadonlyMap<string, ModelVersion>> {
  const list = await admin.request({ method: 'GET', path });
  const { items } = z.object({ items: z.array(z.looseObject({})) }).parse(list);
  const versions = items.map((item) => ModelVersion.parse({ apiVersion: API_VERSION, kind: 'ModelVersion', ...item }));
  return new Map(versions.map((version) => [version.metadata.name, version]));
}

function seenOf({ metadata, status }: ModelVersion) {
  const approved = status?.conditions?.find(({ type }) => type === 'Approved');
  return {
    generation: metadata.generation,
    decided: status?.decision?.generation,
    stage: status?.stage,
    reason: approved?.reason,
  };
}

/** Every version's stage, reason and generation are the model's, and every decision that was taken is recorded. */
async function expectModel(
  models: ReadonlyMap<string, Modelled>,
  recorded: ReadonlyMap<string, string>,
): Promise<void> {
  const expected = [...models].map(([name, { generation, stage, reason }]) => {
    return { name, generation, decided: generation, stage, reason, recorded: true };
  });
  const look = async () => {
    const versions = await read();
    return [...models.keys()].map((name) => {
      const version = versions.get(name);
      const reason = recorded.get(name);
      const isRecorded = reason === undefined || version?.status?.approvals?.some((record) => record.reason === reason);
      return { name, ...(version ? seenOf(version) : {}), recorded: isRecorded };
    });
  };
  await until(look, expected, 60_000);
}

async function perform(name: string, model: Modelled, what: Operation, reason: string): Promise<string | undefined> {
  switch (what.kind) {
    case 'nothing':
      return undefined;
    case 'submit': {
      const { accuracy, asked } = what;
      await patch(what.user, name, { spec: { stage: asked, metrics: { accuracy } } });
      submitModel(model, what.user, { accuracy, asked }, hours);
      return undefined;
    }
    default: {
      await patch(what.user, name, { metadata: { annotations: { [ANNOTATIONS[what.kind]]: reason } } });
      if (what.kind === 'approve') approveModel(model, what.user);
      if (what.kind === 'reject') rejectModel(model, what.user);
      if (what.kind === 'revoke') revokeModel(model, what.user);
      return reason;
    }
  }
}

/** @returns the parameters that are in force afterwards. */
async function happen(what: Happening, now: PolicyParameters): Promise<PolicyParameters> {
  switch (what.kind) {
    case 'policy':
      await applyPolicy(what.parameters);
      return what.parameters;
    case 'kill':
      operator.kill('SIGKILL');
      await once(operator, 'exit');
      operator = startOperator();
      return now;
    case 'clock': {
      hours += what.hours;
      operator.send(what.hours * 3_600_000);
      return now;
    }
    case 'nothing':
      return now;
  }
}

it(`in ${BATCHES * VERSIONS} random sequences every version's stage is the reference model's after every step`, async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(batch, async ({ parameters: initial, first, rounds }) => {
      run++;
      let inForce: PolicyParameters = initial;
      await applyPolicy(inForce);
      const models = new Map<string, Modelled>();
      await Promise.all(
        first.map(async ({ user, accuracy, asked }, index) => {
          const name = `run-${run}-${index}`;
          const body = {
            apiVersion: API_VERSION,
            kind: 'ModelVersion',
            metadata: { name, namespace: NAMESPACE },
            spec: { model: name, version: '1', stage: asked, metrics: { accuracy } },
          };
          const fresh = { generation: 1, stage: 'None', reason: '', approvers: new Set<string>() };
          models.set(name, { ...fresh, accuracy, asked, submitter: user, waitingSince: hours });
          await as(user).request({ method: 'POST', path, body });
        }),
      );
      const settleAll = () => {
        for (const model of models.values()) decideModel(model, inForce, hours);
      };
      settleAll();
      await expectModel(models, new Map());
      for (const [round, { operations, happening: global }] of rounds.entries()) {
        const recorded = new Map<string, string>();
        await Promise.all(
          [...models].map(async ([name, model], index) => {
            const what = operations[index] ?? { kind: 'nothing' };
            const reason = await perform(name, model, what, `round ${round}`);
            if (reason !== undefined) recorded.set(name, reason);
          }),
        );
        settleAll();
        await expectModel(models, recorded);
        inForce = await happen(global, inForce);
        settleAll();
        await expectModel(models, new Map());
      }
      await admin.request({ method: 'DELETE', path });
    }),
    // What a real cluster did cannot be shrunk: the failing batch is named by its seed.
    { numRuns: BATCHES, endOnFailure: true },
  );
}, 600_000);
