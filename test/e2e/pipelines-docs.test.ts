// Every command of docs/pipelines.md and every example in examples/pipelines, run against a real API server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { GROUP, modelVersionName, VERSION } from '../../src/api/index.ts';
import { buildExamplePolicies, EXAMPLE_ACCESS } from '../../src/dev/examples.ts';
import { type ControlPlane, install, repositoryRoot, startControlPlane } from '../../src/dev/index.ts';
import { applyManifest, type Cluster, loadCluster } from '../../src/kube/index.ts';
import { CLI } from '../cli/run-cli.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { until } from './until.ts';

const docs = await readFile(join(repositoryRoot, 'docs', 'pipelines.md'), 'utf8');
const examples = join(repositoryRoot, 'examples', 'pipelines');
const readExample = async (name: string) => parse(await readFile(join(examples, name), 'utf8'));

// A control plane of its own, with the policies of `npm start`.
let controlPlane: ControlPlane;
let admin: Cluster;
let operator: OperatorProcess;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  controlPlane = await startControlPlane({});
  admin = loadCluster({ kubeconfig: controlPlane.kubeconfig });
  await install(admin);
  for (const manifest of [...buildExamplePolicies(), ...EXAMPLE_ACCESS]) await applyManifest(admin, manifest, 'test');
  operator = await startOperatorProcess(await controlPlane.issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE)));

  folder = await mkdtemp(join(tmpdir(), 'assent-pipelines-'));
  await cp(join(repositoryRoot, 'examples'), join(folder, 'examples'), { recursive: true });
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const program = async (name: string, line: string) =>
    writeFile(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  await program('assent', `exec '${process.execPath}' '${CLI}' "$@"`);
  await program('kubectl', `exec '${controlPlane.kubectl}' "$@"`);
  const alice = await controlPlane.issueKubeconfig({ user: 'alice', groups: ['ml-leads'] });
  env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    KUBECONFIG: controlPlane.kubeconfig,
    GITHUB_OUTPUT: '',
    NO_COLOR: '1',
    alice,
  };
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await admin?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** @returns what the command prints on both streams, in the order in which it does, and its exit code. */
async function shell(line: string, more: NodeJS.ProcessEnv = {}) {
  const child = spawn('bash', ['-c', `exec 2>&1\n${line}`], { cwd: folder, env: { ...env, ...more } });
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { output, status };
}

/** Waits until the version asks a person. */
const untilPending = (name: string) =>
  until(async () => {
    const path = `/apis/${GROUP}/${VERSION}/namespaces/default/modelversions/${name}`;
    return Object(await admin.request({ method: 'GET', path })).status?.decision?.outcome;
  }, 'Pending');

describe('docs/pipelines.md', () => {
  /** A block is what one terminal shows; `$` begins a command, and what follows it is its output. */
  const blocks = [...docs.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((command) => {
        const [line = '', ...output] = command.split('\n');
        return { line, output: output.join('\n') };
      }),
  );
  const untimed = (output: string) =>
    output
      .replaceAll(/\(waiting for \d+s\)/g, '(waiting for 0s)')
      .replaceAll(/"decisionId": "sha256:\w+"/g, `"decisionId": "sha256:…"`)
      .replaceAll(/"waitedSeconds": \d+/g, '"waitedSeconds": 2');

  test('shows what its commands print, one after another', async () => {
    const [, wrong = ''] = /^```yaml\n(# wrong\.yaml\n[\s\S]*?)^```$/m.exec(docs) ?? [];
    await writeFile(join(folder, 'wrong.yaml'), wrong);
    const waiting: { line: string; output: string; ended: ReturnType<typeof shell> }[] = [];
    for (const { line, output } of blocks.flat()) {
      if (/^assent (gate|pipeline run)/.test(line) && !/--by-policy|--timeout/.test(line)) {
        waiting.push({ line, output, ended: shell(line) });
        const [, model = '', version = ''] = /--model (\S+) --version (\S+)/.exec(line) ?? [];
        await untilPending(modelVersionName(model, version));
        continue;
      }
      expect({ line, output: untimed((await shell(line)).output) }).toEqual({ line, output });
    }
    for (const { line, output, ended } of waiting)
      expect({ line, output: untimed((await ended).output) }).toEqual({ line, output });
    expect(waiting).toHaveLength(2);
  }, 120_000);

  test('has a hook for pre-commit that finds what is wrong', async () => {
    const [, config = ''] = /^```yaml\n# \.pre-commit-config\.yaml\n([\s\S]*?)^```$/m.exec(docs) ?? [];
    const [{ entry, files }] = parse(config).repos[0].hooks;
    expect('ml/pipeline.yaml').toMatch(new RegExp(files));
    expect(await shell(`${entry} wrong.yaml`)).toMatchObject({ status: 1 });
    expect(await shell(`${entry} examples/pipelines/pipeline.yaml`)).toMatchObject({ status: 0 });
  });

  test('shows a pipeline that is right', async () => {
    const [, shown = ''] = /^```yaml\n(steps:[\s\S]*?)^```$/m.exec(docs) ?? [];
    await writeFile(join(folder, 'shown.yaml'), shown);
    expect(await shell('assent pipeline lint --strict shown.yaml')).toMatchObject({ status: 0 });
  });
});

describe('an example', () => {
  const IMAGE = 'assent:0.1.0';

  /** Runs an engine's gate twice, and lets alice reject and approve: the engine goes by the exit code. */
  async function expectGate(run: (model: string) => ReturnType<typeof shell>, engine: string): Promise<void> {
    const expectVerdict = async (verdict: 'approve' | 'reject', status: number) => {
      const model = `${engine}-${verdict}`;
      const ended = run(model);
      const name = modelVersionName(model, '1');
      await untilPending(name);
      const decided = await shell(`assent ${verdict} ${name} --namespace default --kubeconfig "$alice" --reason fine`);
      expect(decided).toMatchObject({ status: 0 });
      expect(await ended).toMatchObject({ status });
    };
    await Promise.all([expectVerdict('reject', 1), expectVerdict('approve', 0)]);
  }

  test('runs the image of the chart', async () => {
    const { image } = parse(await readFile(join(repositoryRoot, 'charts', 'assent', 'values.yaml'), 'utf8'));
    const { appVersion } = parse(await readFile(join(repositoryRoot, 'charts', 'assent', 'Chart.yaml'), 'utf8'));
    expect(`${image.repository}:${image.tag || appVersion}`).toBe(IMAGE);
    expect(docs).toContain(`\`${IMAGE}\` here`);
  });

  test('of GitLab CI waits between training and deployment', async () => {
    const { stages, variables, train_model, approve_model, deploy_model } = await readExample('gitlab-ci.yaml');
    expect([train_model, approve_model, deploy_model].map(({ stage }) => stage)).toEqual(stages);
    expect(approve_model.image).toEqual({ name: IMAGE, entrypoint: [''] });
    expect(Object.keys(variables)).toEqual(['MODEL', 'MODEL_VERSION']);
    await expectGate((model) => shell(approve_model.script.join('\n'), { MODEL: model, MODEL_VERSION: '1' }), 'gitlab');
    expect(await readFile(join(folder, approve_model.artifacts.reports.junit), 'utf8')).toContain('<testsuite');
  });

  test('of Argo Workflows waits between training and deployment', async () => {
    const { spec } = await readExample('argo-workflow.yaml');
    const [main, , approve] = spec.templates;
    expect(main.dag.tasks).toMatchObject([
      { name: 'train' },
      { name: 'approve', depends: 'train.Succeeded' },
      { name: 'deploy', depends: 'approve.Succeeded' },
    ]);
    const { image, command, args } = approve.container;
    expect(image).toBe(IMAGE);
    await expectGate((model) => {
      const values: Readonly<Record<string, string>> = { model, version: '1' };
      const words = [...command, ...args].map((word) =>
        word.replaceAll(/\{\{workflow\.parameters\.(\w+)\}\}/g, (_: string, name: string) => values[name] ?? ''),
      );
      return shell('"$@"'.replace('"$@"', words.map((word) => `'${word}'`).join(' ')));
    }, 'argo');
  });

  test('of Kubeflow Pipelines waits between training and deployment', async () => {
    const { root, deploymentSpec } = await readExample('kubeflow-pipeline.yaml');
    const { approve, deploy, train } = root.dag.tasks;
    expect([train.dependentTasks, approve.dependentTasks, deploy.dependentTasks]).toEqual([
      undefined,
      ['train'],
      ['approve'],
    ]);
    expect(approve.cachingOptions.enableCache).toBeUndefined();
    const { image, command, args } = deploymentSpec.executors['exec-approve'].container;
    expect(image).toBe(IMAGE);
    const source = await readFile(join(examples, 'kubeflow_pipeline.py'), 'utf8');
    for (const word of [image, ...command, ...args.filter((arg: string) => !arg.includes('$'))])
      expect(source).toContain(`"${word}"`);
    const { inputs } = approve;
    await expectGate((model) => {
      const values: Readonly<Record<string, string>> = { model, version: '1' };
      const words = [...command, ...args].map((word) =>
        word.replace(
          /^\{\{\$\.inputs\.parameters\['(\w+)'\]\}\}$/,
          (_: string, name: string) => values[name] ?? inputs.parameters[name].runtimeValue.constant,
        ),
      );
      return shell(words.map((word) => `'${word}'`).join(' '));
    }, 'kubeflow');
  });

  test('of GitHub Actions waits between training and deployment, and the action runs what it is given', async () => {
    const { jobs } = await readExample('github-actions.yaml');
    expect(jobs.approve.needs).toBe('train');
    expect(jobs.deploy.needs).toBe('approve');
    const given = jobs.approve.steps.at(-1).with;
    const action = parse(await readFile(join(repositoryRoot, 'action.yml'), 'utf8'));
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
    expect([given.image, action.inputs.image.default]).toEqual([IMAGE, IMAGE]);

    // In place of Docker, the CLI of the sources as the container would run it: with the environment that it is given.
    const bin = join(folder, 'docker');
    await mkdir(bin);
    const docker = `#!/bin/bash
[ "$1 $2" = "run --rm" ] || exit 64
shift 2
for (( ; $# ; )); do case "$1" in
  --network|--user|--workdir) shift 2;;
  --volume) [[ "$2" == *:/tmp/kubeconfig:ro ]] && config="\${2%:/tmp/kubeconfig:ro}"; shift 2;;
  --env) shift 2;;
  ${IMAGE}) shift; break;;
  *) exit 64;;
esac; done
KUBECONFIG="$config" exec assent "$@"
`;
    await writeFile(join(bin, 'docker'), docker, { mode: 0o755 });
    const [step] = action.runs.steps;
    const outputs = join(folder, 'outputs');
    await expectGate((model) => {
      const inputs: Readonly<Record<string, string>> = {
        ...Object.fromEntries(
          Object.entries<{ default?: string }>(action.inputs).map(([name, input]) => [name, input.default ?? '']),
        ),
        ...given,
        kubeconfig: controlPlane.kubeconfig,
        model,
        version: '1',
        metrics: 'accuracy=0.85\nauc=0.9\n',
      };
      const filled = Object.entries<string>(step.env).map(([name, value]) => {
        const [, input = ''] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value) ?? [];
        return [name, inputs[input]];
      });
      return shell(`set -eo pipefail\n${step.run}`, {
        ...Object.fromEntries(filled),
        PATH: `${bin}${delimiter}${env.PATH}`,
        KUBECONFIG: '',
        GITHUB_OUTPUT: outputs,
        GITHUB_WORKSPACE: folder,
      });
    }, 'github');
    const written = await readFile(outputs, 'utf8');
    for (const { value } of Object.values<{ value: string }>(action.outputs)) {
      const [, name] = /^\$\{\{ steps\.gate\.outputs\.([\w-]+) \}\}$/.exec(value) ?? [];
      expect(written).toMatch(new RegExp(`^${name}<<`, 'm'));
    }
    const results = [...written.matchAll(/^result<<(\S+)\n(\w+)\n\1$/gm)].map(([, , result]) => result);
    expect(results.toSorted()).toEqual(['approved', 'rejected']);
  });
});
