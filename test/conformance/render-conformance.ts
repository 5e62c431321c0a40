import { opaVersion } from '../../src/rego/index.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { fuzzedPrograms, rulesPerProgram } from './fuzz/random-program.ts';
import type { Verdict } from './judge-case.ts';
import { knownDifferences, programDifferences } from './known-differences.ts';

export interface JudgedCase {
  given: ConformanceCase;
  verdict: Verdict;
}

/** @returns docs/conformance.md. */
export function renderConformance(judged: readonly JudgedCase[]): string {
  const counts = countVerdicts(judged);
  const passed = `${group(counts.passed)} pass, ${counts.refused} are refused, ${counts.different} differ`;
  return `# Conformance

<!-- Written by test/conformance/conformance.test.ts: npx vitest run --project checks test/conformance -u -->

OPA ${opaVersion} brings ${group(judged.length)} cases of what Rego version 1 means. \`npm test\` runs all of them in Assent's
compiler and runtime, each as a policy of its own:
${passed}.
(Cases in Rego version 0 do not run: policies are written in version 1.)

A case passes where the result is the one that the case wants. Where it wants the error of a builtin, which OPA raises
only when asked to and which is undefined otherwise, as it always is here, the measure is what OPA's interpreter says
unasked. It is refused where the policy does not compile because of a builtin that a decision must not depend on; the
message says what to do instead, see [policies.md](policies.md). It differs for one of the reasons below the table.

| cases | all | pass | refused | differ |
| --- | ---: | ---: | --- | ---: |
${renderDirectories(judged)}

## Differences

${renderDifferences(judged)}

## Random programs

\`npm test\` also compares what ${fuzzedPrograms} random programs of ${rulesPerProgram} rules each, ${group(fuzzedPrograms * rulesPerProgram)} rules, give here and in OPA's
interpreter, the same ones each time; \`node test/conformance/fuzz/fuzz.ts 2000 7\` tries 2,000 others. They showed where
builtins that OPA compiles into the policy's module do not do what its interpreter does, and leave these out:

${programDifferences.map((difference) => `- ${difference}`).join('\n')}
`;
}

interface Counts {
  all: number;
  passed: number;
  refused: number;
  different: number;
}

function countVerdicts(judged: readonly JudgedCase[]): Counts {
  const count = (...kinds: Verdict['kind'][]) => judged.filter(({ verdict }) => kinds.includes(verdict.kind)).length;
  return {
    all: judged.length,
    passed: count('passed'),
    refused: count('refused'),
    different: count('decimal', 'failed'),
  };
}

function renderDirectories(judged: readonly JudgedCase[]): string {
  const directories = Map.groupBy(judged, ({ given }) => given.directory);
  return [...directories]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([directory, members]) => {
      const { all, passed, different } = countVerdicts(members);
      return `| ${directory} | ${all} | ${passed} | ${renderRefusals(members)} | ${different || ''} |`;
    })
    .join('\n');
}

/** Each refused builtin with its number of cases. */
function renderRefusals(judged: readonly JudgedCase[]): string {
  const builtins = judged.flatMap(({ verdict }) => (verdict.kind === 'refused' ? [verdict.builtin] : []));
  const byName = Map.groupBy(builtins, (name) => name);
  return [...byName]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, calls]) => `${calls.length} \`${name}\``)
    .join(', ');
}

const decimalReason =
  'Numbers with a fraction are decimals, exact to 34 digits, where OPA has binary floats: the last digits differ.';

function renderDifferences(judged: readonly JudgedCase[]): string {
  const reasons = judged.flatMap(({ given: { directory, note }, verdict }) => {
    if (verdict.kind !== 'decimal' && verdict.kind !== 'failed') return [];
    const reason = verdict.kind === 'decimal' ? decimalReason : (knownDifferences.get(note) ?? verdict.message);
    return [{ reason, name: note.includes('/') ? note : `${directory}/${note}` }];
  });
  const byReason = Map.groupBy(reasons, ({ reason }) => reason);
  return [...byReason]
    .map(([reason, members]) => [`- ${reason}`, ...members.map(({ name }) => `  - \`${name}\``)].join('\n'))
    .join('\n');
}

function group(count: number): string {
  return count.toLocaleString('en-US');
}
