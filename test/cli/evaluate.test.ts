import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { repositoryRoot } from '../../src/dev/index.ts';
import { type CliRun, runCli } from './run-cli.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

const ACCURACY = join(repositoryRoot, 'policies', 'accuracy');
const CHAMPION = join(repositoryRoot, 'policies', 'champion');
const ENDLESS = join(repositoryRoot, 'examples', 'policies', 'endless.yaml');
const example = (name: string) => join(repositoryRoot, 'examples', 'modelversions', `${name}.yaml`);

// One cache: each policy is compiled once.
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'assent-cli-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Runs `assent evaluate` in a folder of its own that holds these files. */
async function evaluate(
  args: readonly string[],
  files: Files = {},
  stdin: string | readonly string[] = '',
): Promise<CliRun> {
  const cwd = await mkdtemp(join(root, 'run-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  return runCli(['evaluate', ...args], { cacheFolder: join(root, 'cache'), cwd, stdin });
}
type Files = Readonly<Record<string, string>>;

const version = (spec = '  metrics: {accuracy: 0.93}\n', metadata = '  name: fraud-7\n') =>
  `apiVersion: assent.dev/v1alpha1
kind: ModelVersion
metadata:
${metadata}spec:
  model: fraud
  version: "7"
  stage: Production
${spec}`;

const rego = (rule: string) => `package approval\n\n${rule}\n`;

describe('the examples decide as their comments promise', () => {
  test.for([
    { name: 'approved', outcome: 'Approved', stage: 'Production', reason: 'AutoApproved', status: 0 },
    { name: 'waiting', outcome: 'Pending', stage: 'None', reason: 'AwaitingApproval', status: 3 },
    { name: 'denied', outcome: 'Rejected', stage: 'Archived', reason: 'PolicyDenied', status: 1 },
  ])(
    'the example $name is $outcome, and the exit code is $status',
    async ({ name, outcome, stage, reason, status }, { expect }) => {
      const run = await evaluate(['-f', example(name), '-p', ACCURACY, CHAMPION, '-o', 'json']);
      expect(JSON.parse(run.stdout)).toMatchObject([{ outcome, stage, reason }]);
      expect(run).toMatchObject({ status, stderr: '' });
    },
  );

  test('challenger.yaml waits where Production holds a version that is a little better', async () => {
    const champion = parse(await readFile(example('approved'), 'utf8'));
    const files = { 'champion.json': JSON.stringify({ ...champion, status: { stage: 'Production' } }) };
    const both = ['-f', example('challenger'), 'champion.json'];
    const { status, stdout } = await evaluate([...both, '-p', ACCURACY, CHAMPION, '-o', 'json'], files);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'fraud-detector-8', outcome: 'Pending', message: expect.stringContaining('0.91 is worse than 0.93') },
      { name: 'fraud-detector-7', outcome: 'Approved' },
    ]);
    expect(status).toBe(3);
  });

  test('error.yaml, whose policy never ends, is an error and moves nowhere', async () => {
    const { status, stdout } = await evaluate(['-f', example('error'), '-p', ENDLESS, '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        outcome: 'Error',
        stage: 'None',
        reason: 'PolicyError',
        message: expect.stringContaining('longer than 100 ms'),
      },
    ]);
    expect(status).toBe(2);
  });
});

describe('output', () => {
  test('a table has one line a version, and says why', async () => {
    const { stdout } = await evaluate(['-f', example('approved'), example('waiting'), '-p', ACCURACY]);
    expect(stdout).toBe(
      `NAME               MODEL            VERSION   STAGE        DECISION           REASON
fraud-detector-7   fraud-detector   7         Production   AutoApproved       accuracy 0.93 is above 0.9
churn-3            churn            3         None         AwaitingApproval   waits for 1 approval by group:ml-leads (accuracy 0.85 is not above 0.9)
`,
    );
  });

  test('a policy may call a builtin that only OPA itself has', async () => {
    const small = 'allow contains "small" if units.parse_bytes(input.modelVersion.spec.parameters.size) < 4096';
    const policy = `kind: ClusterApprovalPolicy
apiVersion: assent.dev/v1alpha1
metadata: {name: small}
spec: {limits: {timeout: 5s}}
`;
    const spec = '  parameters: {size: 2KiB}\n';
    const files = { 'v.yaml': version(spec), 'small/policy.yaml': policy, 'small/small.rego': rego(small) };
    const { stdout, stderr } = await evaluate(['-f', 'v.yaml', '-p', 'small', '-o', 'json'], files);
    expect(JSON.parse(stdout)).toMatchObject([{ outcome: 'Approved', message: 'small' }]);
    expect(stderr).toBe('');
  });

  test('warnings stand below the table', async () => {
    const files = { 'v.yaml': version(), 'warns.rego': rego('warn contains "no git commit recorded"') };
    const { stdout } = await evaluate(['-f', 'v.yaml', '-p', 'warns.rego'], files);
    expect(stdout.split('\n').at(-2)).toBe('warning: fraud-7: no git commit recorded');
  });

  test('JSON says all of it', async () => {
    const { stdout } = await evaluate(['-f', example('waiting'), '-p', ACCURACY, '-o', 'json']);
    const reason = 'accuracy 0.85 is not above 0.9';
    expect(JSON.parse(stdout)).toEqual([
      {
        namespace: 'default',
        name: 'churn-3',
        model: 'churn',
        version: '3',
        requested: 'Production',
        stage: 'None',
        outcome: 'Pending',
        reason: 'AwaitingApproval',
        message: `waits for 1 approval by group:ml-leads (${reason})`,
        warnings: [],
        policies: [
          {
            name: 'ClusterApprovalPolicy/accuracy',
            generation: 1,
            digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
            outcome: 'require',
            reasons: [reason],
            evaluationMicroseconds: expect.any(Number),
          },
        ],
        requirements: [{ approvers: ['group:ml-leads'], count: 1, reason, approvedBy: [] }],
      },
    ]);
  });

  test('YAML and JSON hold the same rows', async () => {
    const both = ['-f', example('waiting'), example('denied'), '-p', ACCURACY, '-o'];
    const [json, yaml] = await Promise.all([evaluate([...both, 'json']), evaluate([...both, 'yaml'])]);
    const withoutTimes = (text: string) => text.replaceAll(/("?evaluationMicroseconds"?: )\d+/g, '$10');
    expect(parse(withoutTimes(yaml.stdout))).toEqual(JSON.parse(withoutTimes(json.stdout)));
  });
});

describe('what is read', () => {
  test('documents that hold nothing are skipped, as kubectl does', async () => {
    const documents = `# Source: a template\n---\n# nothing\n---\n${version()}---\n`;
    const { status, stdout } = await evaluate(['-f', '-', '-p', ACCURACY, '-o', 'json'], {}, documents);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'fraud-7' }]);
    expect(status).toBe(0);
  });

  test('standard input is waited for, however late and in however many pieces it comes', async () => {
    const halves = [version().slice(0, 60), version().slice(60)];
    const { status, stdout, stderr } = await evaluate(['-f', '-', '-p', ACCURACY, '-o', 'json'], {}, halves);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'fraud-7', outcome: 'Approved' }]);
    expect(status).toBe(0);
  });

  test('standard input, with several documents', async () => {
    const documents = `${version()}---\n${version('', '  name: fraud-8\n')}`;
    const { status, stdout } = await evaluate(['-f', '-', '-p', ACCURACY, '-o', 'json'], {}, documents);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'fraud-7' }, { name: 'fraud-8' }]);
    expect(status).toBe(3);
  });

  test('a folder of versions, in the order of their names', async () => {
    const files = { 'v/b.yaml': version('', '  name: b\n'), 'v/a.yml': version('', '  name: a\n'), 'v/notes.md': '-' };
    const { stdout } = await evaluate(['-f', 'v', '-p', ACCURACY, '-o', 'json'], files);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'a' }, { name: 'b' }]);
  });

  test('several policies, of which the strictest decides', async () => {
    const files = { 'v.yaml': version(), 'freeze.rego': rego('deny contains "no releases in December"') };
    const { status, stdout } = await evaluate(['-f', 'v.yaml', '-p', ACCURACY, '-p', 'freeze.rego'], files);
    expect(stdout).toContain('PolicyDenied   no releases in December');
    expect(status).toBe(1);
  });

  test('a parameter that does not fit the schema of its policy is told with its place', async () => {
    const source = await readFile(join(ACCURACY, 'policy.yaml'), 'utf8');
    const files = {
      'v.yaml': version(),
      'p/policy.yaml': source.replace('threshold: 0.9', 'threshold: 90'),
      'p/rules.rego': rego('allow contains "yes"'),
    };
    const { status, stdout, stderr } = await evaluate(['-f', 'v.yaml', '-p', 'p'], files);
    expect(stderr).toMatch(/^p\/policy.yaml:\d+:16: spec.parameters.threshold: found 90: write at most 1\n$/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test.for<readonly [string, string]>([
    ['configMap: {name: rules, namespace: risk}', 'ConfigMap rules, which is not fetched here: give the folder'],
    [`oci: "r.example.com/a:1", digest: "sha256:${'0'.repeat(64)}"`, 'at r.example.com/a:1, which is not fetched here'],
  ])('a policy whose rules come by %s is told what to give', async ([bundle, says]) => {
    const policy = `apiVersion: assent.dev/v1alpha1\nkind: ClusterApprovalPolicy\nmetadata: {name: p}\nspec: {bundle: {${bundle}}}\n`;
    const run = await evaluate(['-f', 'v.yaml', '-p', 'p.yaml'], { 'v.yaml': version(), 'p.yaml': policy });
    expect(run).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(says) });
  });

  test("a team's policy without a namespace judges the versions of `default`, where kubectl would put it", async () => {
    const policy = 'apiVersion: assent.dev/v1alpha1\nkind: ApprovalPolicy\nmetadata: {name: team}\nspec: {}\n';
    const files = { 'team/policy.yaml': policy, 'team/deny.rego': rego('deny contains "not on Fridays"') };
    const run = (metadata: string) =>
      evaluate(['-f', '-', '-p', 'team', ACCURACY], files, version(undefined, `  name: fraud-7\n${metadata}`));
    expect((await run('')).status).toBe(1);
    expect((await run('  namespace: risk\n')).status).toBe(0);
  });

  test('a namespace whose labels a policy selects must be given, and then decides', async () => {
    const match = 'match: {namespaceSelector: {matchLabels: {tier: prod}}}';
    const policy = `apiVersion: assent.dev/v1alpha1\nkind: ClusterApprovalPolicy\nmetadata: {name: prod}\nspec: {${match}}\n`;
    const files = { 'prod/policy.yaml': policy, 'prod/deny.rego': rego('deny contains "frozen"') };
    const run = (documents: string) => evaluate(['-f', '-', '-p', 'prod', ACCURACY], files, documents);
    const unknown = await run(version());
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain('those of default are not known: give its manifest (kind: Namespace)');
    const namespace = (tier: string) =>
      `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {tier: ${tier}}}\n`;
    expect((await run(`${version()}${namespace('prod')}`)).stdout).toContain('frozen');
    expect((await run(`${version()}${namespace('test')}`)).stdout).not.toContain('frozen');
  });

  test('a version that no policy matches waits: silence approves nothing', async () => {
    const { status, stdout } = await evaluate(['-f', example('approved'), '-p', ENDLESS]);
    expect(stdout).toContain('no policy matches');
    expect(status).toBe(3);
  });
});

// At once, as they decide nothing: an evaluation's deadline is short where processes take each other's time.
describe.concurrent('a mistake is told in one line, with its place, and the exit code is 2', () => {
  const broken = 'kind: ModelVersion\nmetadata: {name: fraud-7\nspec: 1\n';
  const good: Files = { 'v.yaml': version() };
  const given = ['-f', 'v.yaml', '-p'];
  const HINT = '(assent help COMMAND tells more)';
  test.for<{ what: string; args: readonly string[]; files?: Files; says: readonly (string | RegExp)[] }>([
    {
      what: 'a file that is not there',
      args: ['-f', 'missing.yaml', '-p', ACCURACY],
      says: ['missing.yaml: no such file or folder'],
    },
    {
      what: 'a policy that is not there',
      args: [...given, 'missing.rego'],
      files: good,
      says: ['missing.rego: no such policy file or folder'],
    },
    {
      what: 'text that is no YAML',
      args: ['-f', 'broken.yaml', '-p', ACCURACY],
      files: { 'broken.yaml': broken },
      says: [/^broken\.yaml:3:1: Flow map in block collection must be sufficiently indented and end with a \}$/],
    },
    {
      what: 'an alias without its anchor',
      args: ['-f', 'v.yaml', '-p', ACCURACY],
      files: { 'v.yaml': version('  metrics: *shared\n') },
      says: [/^v\.yaml:1:1: Unresolved alias .*: shared$/],
    },
    {
      what: 'an empty standard input',
      args: ['-f', '-', '-p', ACCURACY],
      says: ['standard input: no YAML documents found'],
    },
    {
      what: 'another kind',
      args: ['-f', 'v.yaml', '-p', ACCURACY],
      files: { 'v.yaml': version().replace('ModelVersion', 'Model') },
      says: ['v.yaml:2:7: kind is Model; write kind: ModelVersion'],
    },
    {
      what: 'stage: Rejected',
      args: ['-f', 'v.yaml', '-p', ACCURACY],
      files: { 'v.yaml': version().replace('Production', 'Rejected') },
      says: [
        "v.yaml:8:10: spec.stage: 'Rejected' is a decision, not a stage: a rejected version's stage is Archived, so write stage: Archived",
      ],
    },
    {
      what: 'approvers that are no list',
      args: ['-f', 'v.yaml', '-p', ACCURACY],
      files: { 'v.yaml': version('  approvers: bob\n') },
      says: ["v.yaml:9:14: spec.approvers: approvers is a list, always: write approvers: ['bob']"],
    },
    {
      what: 'two mistakes in two documents, both told',
      args: ['-f', 'v.yaml', '-p', ACCURACY],
      files: { 'v.yaml': `${version('  approvers: bob\n')}---\n${version().replace('Production', 'production')}` },
      says: [
        /^v\.yaml:9:14: spec\.approvers: /,
        'v.yaml:18:10: spec.stage: the stage must be one of None, Staging, Production, Archived',
      ],
    },
    {
      what: 'a policy that does not compile',
      args: [...given, 'rules'],
      files: { ...good, 'rules/accuracy.rego': rego('allow contains "x" if {\n\tinput.accuracy >\n}') },
      says: [/^rules: accuracy\.rego:5:1: rego_parse_error: unexpected \}/],
    },
    {
      what: 'a call that a policy may not make',
      args: [...given, 'rules.rego'],
      files: { ...good, 'rules.rego': rego('allow contains "x" if time.now_ns() > 0') },
      says: [/^rules: rules\.rego:3:23: builtin_refused: builtin time\.now_ns is refused: .*use input\.now/],
    },
    {
      what: 'approvers of a policy that are no list',
      args: [...given, 'p.yaml'],
      files: {
        ...good,
        'p.yaml':
          'apiVersion: assent.dev/v1alpha1\nkind: ApprovalPolicy\nmetadata: {name: p}\nspec:\n  modules: {}\n  approvers: bob\n',
      },
      says: ["p.yaml:6:14: spec.approvers: approvers is a list, always: write approvers: ['bob']"],
    },
    {
      what: 'a policy folder with nothing in it',
      args: [...given, 'rules'],
      files: { ...good, 'rules/README.md': 'Rules will come here.' },
      says: ['rules: holds neither Rego modules nor policies in YAML'],
    },
    {
      what: 'a module beside a policy that holds another of its name',
      args: [...given, 'p'],
      files: {
        ...good,
        'p/p.rego': rego('deny contains "new"'),
        'p/policy.yaml':
          'apiVersion: assent.dev/v1alpha1\nkind: ClusterApprovalPolicy\nmetadata: {name: p}\nspec: {modules: {p.rego: old}}\n',
      },
      says: [
        'p/policy.yaml:4:26: spec.modules.p.rego differs from p.rego beside it; make them equal, or leave spec.modules out',
      ],
    },
    {
      what: 'a version in place of a policy',
      args: [...given, 'v.yaml'],
      files: good,
      says: ['v.yaml:2:7: kind is ModelVersion; a policy is an ApprovalPolicy or a ClusterApprovalPolicy'],
    },
    {
      what: 'two policies of one name, of which one would be left out',
      args: [...given, 'a/rules', 'b/rules'],
      files: { ...good, 'a/rules/a.rego': rego('deny contains "no"'), 'b/rules/b.rego': rego('allow contains "yes"') },
      says: ['b/rules: a/rules holds a ClusterApprovalPolicy named rules too; give each policy its own name'],
    },
    { what: 'no such option', args: [...given, ACCURACY, '--force'], says: ["error: unknown option '--force'", HINT] },
    {
      what: 'no such output format',
      args: [...given, ACCURACY, '-o', 'xml'],
      says: [
        "error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are table, json, yaml.",
        HINT,
      ],
    },
    {
      what: 'no policy at all',
      args: ['-f', 'v.yaml'],
      says: ["error: required option '-p, --policy <path...>' not specified", HINT],
    },
  ])('$what', async ({ args, files, says }, { expect }) => {
    const { status, stdout, stderr } = await evaluate(args, files);
    expect(stderr.trimEnd().split('\n')).toEqual(
      says.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});

test('a mistake in the use of any command is 2, never the 1 of a rejection', async () => {
  const usages = [['nothing'], ['dev', 'nothing'], ['dev', 'kubeconfig'], ['operator', '--workers', '0']];
  const runs = await Promise.all(usages.map((args) => runCli(args, { cacheFolder: join(root, 'cache') })));
  expect(runs.map(({ status }) => status)).toEqual([2, 2, 2, 2]);
});
