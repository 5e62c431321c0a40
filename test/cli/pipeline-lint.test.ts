import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readPipeline } from '../../src/cli/pipeline/load-pipeline.ts';
import { checkPipeline, findApproval } from '../../src/pipeline/index.ts';
import { runCli } from './run-cli.ts';

// Some tests start a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-pipeline-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function writePipeline(text: string): Promise<string> {
  const file = join(folder, 'pipeline.yaml');
  await writeFile(file, text);
  return file;
}

/** @returns what is found, each as LINE:COLUMN SEVERITY CODE MESSAGE. */
async function lint(text: string): Promise<readonly string[]> {
  const { problems } = readPipeline(await writePipeline(text));
  return problems.map((found) => `${found.line}:${found.column} ${found.severity} ${found.code} ${found.message}`);
}

const approval = (rest: string) => `steps:\n  - name: approve_model\n    type: approval\n${rest}`;

// Question 4 of a course on model approval: "the pipeline never pauses for approval".
const PLAIN_STRING = approval("    inputs:\n      approvers: 'bob'\n");

test('a plain string as approvers is refused where it stands, with the list that is right and with why', async () => {
  expect(await lint(PLAIN_STRING)).toEqual([
    "5:18 error wrong-field approvers is a list, always: write approvers: ['bob']; a plain string would never pause the pipeline",
  ]);
});

// Question 2 there: "the correct syntax to add a manual approval step", with its four answers.
test('of four ways to write an approval step the right one is taken, and each of the others told', async () => {
  const right = "steps:\n  - name: manual_approval\n    type: approval\n    inputs:\n      approvers: ['team_lead']\n";
  expect(await lint(right)).toEqual([]);
  expect(await lint(`# Rendered\n---\n${right}---\n`)).toEqual([]);
  expect(readPipeline(await writePipeline(right)).pipeline?.steps).toEqual([
    { name: 'manual_approval', type: 'approval', inputs: { approvers: ['team_lead'] }, on_reject: 'fail_pipeline' },
  ]);
  expect(await lint("steps:\n  - approval_step:\n      users: ['team_lead']\n")).toEqual([
    expect.stringMatching(/^2:5 error wrong-field the step has no type: write it as .*approvers: \['alice'\]/),
  ]);
  expect(await lint("steps:\n  - manual_approval:\n      approvers: 'team_lead'\n")).toEqual([
    expect.stringMatching(/^2:5 error wrong-field the step has no type/),
  ]);
  expect(await lint('steps:\n  - name: approval\n    type: manual\n    approvers: team_lead\n')).toEqual([
    expect.stringMatching(
      /^3:11 error wrong-field "manual" is no type: a step in which a person decides has type: app/,
    ),
  ]);
});

test.for<readonly [what: string, text: string, found: RegExp]>([
  ['no inputs', approval(''), /^2:5 .* inputs holds approvers: a list/],
  ['no approvers', approval('    inputs: {}\n'), /^4:13 .* an approval names approvers, as in/],
  ['an empty list', approval('    inputs: {approvers: []}\n'), /^4:25 .* approvers names nobody/],
  ['an empty name', approval("    inputs: {approvers: [' ']}\n"), /^4:25 .* approvers names nobody/],
  [
    'a group without a name',
    approval("    inputs: {approvers: [a, 'group:']}\n"),
    /^4:29 .* "group:" is nobody: write group:NAME/,
  ],
  [
    'a service account without a namespace',
    approval("    inputs: {approvers: ['serviceaccount:x']}\n"),
    /^4:26 .* "serviceaccount:x" is nobody: write serviceaccount:NAMESPACE:NAME/,
  ],
  ['a number for a name', approval('    inputs: {approvers: [7]}\n'), /^4:26 .* is a name in quotes/],
  ['null for approvers', approval('    inputs: {approvers: }\n'), /^4:\d+ .* approvers is a list, always/],
  ['both ways to ask', approval('    inputs: {approvers: [a], by_policy: true}\n'), /one of them, not both/],
  [
    'a stage that is none',
    approval('    inputs: {approvers: [a], stage: Rejected}\n'),
    /'Rejected' is a decision, not a stage: .* Archived/,
  ],
  ['a timeout that is none', approval('    inputs: {approvers: [a], timeout: 5}\n'), /^4:39 .*/],
  [
    'a timeout that is too long',
    approval('    inputs: {approvers: [a], timeout: 577h}\n'),
    /a gate waits 576h at most/,
  ],
  ['a misspelt type', 'steps:\n  - {name: a, type: aproval}\n', /"aproval" is no type: did you mean approval\?/],
  ['a misspelt key', approval('    inputs: {aprovers: [a]}\n'), /inputs has no "aprovers": did you mean approvers\?/],
  ['approvers beside inputs', approval('    approvers: [a]\n    inputs: {approvers: [a]}\n'), /stands under inputs/],
  [
    'a misspelt on_reject',
    approval('    inputs: {approvers: [a]}\n    on_reject: fail_pipelin\n'),
    /^5:16 .* and not "fail_pipelin": did you mean fail_pipeline\?/,
  ],
  ['an approval with a command', approval('    inputs: {approvers: [a]}\n    run: echo\n'), /runs no command/],
  [
    'on_reject of a training',
    'steps:\n  - {name: a, type: training, on_reject: continue}\n',
    /on_reject is for steps of type approval, and this one's is "training"/,
  ],
  ['a step that is a text', 'steps:\n  - approve\n', /^2:5 .* a step holds at least a name and a type/],
  ['no steps', 'name: x\n', /^1:1 .* a pipeline has steps/],
  ['an empty list of steps', 'steps: []\n', /^1:8 .* a pipeline has steps/],
  ['another key', 'stepz: []\nsteps:\n  - {name: a, type: test}\n', /^1:8 .* no "stepz": did you mean steps\?/],
  ['a list', '- name: a\n', /^1:1 .* a pipeline has steps/],
])('%s is an error at its place, never a step that asks nobody', async ([, text, found]) => {
  const problems = await lint(text);
  expect(problems.join('\n')).toMatch(found);
  expect(problems.every((problem) => problem.includes(' error '))).toBe(true);
  expect(readPipeline(await writePipeline(text)).pipeline).toBeNull();
});

test.for<readonly [what: string, steps: string, found: readonly unknown[]]>([
  [
    'two of one name',
    '[{name: a, type: test}, {name: a, type: task}]',
    [expect.stringMatching(/^1:39 error same-name/)],
  ],
  [
    'approvers where nobody is asked',
    "[{name: a, type: test, inputs: {approvers: ['x']}}]",
    [expect.stringMatching(/^1:51 error ignored-approvers a step of type test asks nobody/)],
  ],
  [
    'a deployment before its approval',
    '[{name: d, type: deployment}, {name: a, type: approval, inputs: {approvers: [x]}}]',
    [expect.stringMatching(/^1:\d+ error unapproved-deployment d deploys before anybody has approved/)],
  ],
  ['a deployment without one', '[{name: d, type: deploy}]', [expect.stringContaining('unapproved-deployment')]],
  [
    'a deployment after an approval that a rejection passes',
    '[{name: a, type: approval, inputs: {approvers: [x]}, on_reject: continue}, {name: d, type: deploy}]',
    [expect.stringContaining('error unapproved-deployment d deploys although a was rejected')],
  ],
  [
    'what deploys by its name',
    '[{name: deploy_model, type: task}]',
    [expect.stringMatching(/^1:16 warning unapproved-deployment by its name, deploy_model deploys/)],
  ],
  [
    'a deployment after its approval',
    '[{name: a, type: approval, inputs: {approvers: [x]}}, {name: d, type: deploy}]',
    [],
  ],
  ['a name that holds such a word', '[{name: observe_drift, type: task}]', []],
])('of %s the linter says so', async ([, steps, found]) => {
  expect(await lint(`steps: ${steps}\n`)).toEqual(found);
});

test('a step is found by its name, or as the only approval; else the steps are listed', () => {
  const { pipeline } = checkPipeline({
    steps: [
      { name: 'train', type: 'training' },
      { name: 'approve', type: 'approval', inputs: { approvers: ['a'] } },
    ],
  });
  if (!pipeline) throw new Error('it is right');
  expect(findApproval(pipeline, undefined)).toMatchObject({ name: 'approve' });
  expect(findApproval(pipeline, 'approve')).toMatchObject({ name: 'approve' });
  expect(findApproval(pipeline, 'aprove')).toEqual({
    problem: 'no step aprove: did you mean approve?; the steps are train, approve',
  });
  expect(findApproval(pipeline, 'train')).toEqual({
    problem: 'train is of type training, and not of type approval; steps that are: approve',
  });
});

test('pipeline lint tells all files at once, and its exit codes are 0, 1 and 2', async () => {
  const wrong = await writePipeline(PLAIN_STRING);
  const right = join(folder, 'right.yaml');
  const likely = join(folder, 'likely.yaml');
  const broken = join(folder, 'broken.yaml');
  await writeFile(right, approval('    inputs: {approvers: [bob]}\n'));
  await writeFile(likely, 'steps:\n  - {name: deploy, type: task}\n');
  await writeFile(broken, 'steps: [\n');
  expect(await runCli(['pipeline', 'lint', right])).toEqual({
    status: 0,
    stdout: '1 pipeline checked: 0 errors, 0 warnings\n',
    stderr: '',
  });
  const both = await runCli(['pipeline', 'lint', right, wrong]);
  expect(both.status).toBe(1);
  expect(both.stdout).toMatch(
    /pipeline\.yaml:5:18: error wrong-field: .*\n2 pipelines checked: 1 error, 0 warnings\n$/,
  );
  const json = await runCli(['pipeline', 'lint', wrong, '-o', 'json']);
  expect(JSON.parse(json.stdout)).toMatchObject([{ pipeline: wrong, line: 5, column: 18, severity: 'error' }]);
  expect((await runCli(['pipeline', 'lint', likely])).status).toBe(0);
  expect((await runCli(['pipeline', 'lint', likely, '--strict'])).status).toBe(1);
  const unread = await runCli(['pipeline', 'lint', broken]);
  expect(unread).toMatchObject({ status: 2, stderr: expect.stringMatching(/broken\.yaml:2:1: /) });
});
