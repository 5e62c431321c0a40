import type { CaseProgram } from '../conformance-case.ts';
import { answerPackage } from '../conformance-case.ts';
import type { Random } from './random.ts';
import { type Kind, kinds, randomValue } from './random-value.ts';
import { signatures } from './signatures.ts';

/** How many programs `npm test` runs. */
export const fuzzedPrograms = 150;
/** How many rules a program has; each is compared. */
export const rulesPerProgram = 12;

/**
 * A program whose rules take values of the input through builtins, operators, comprehensions, functions and each
 * other. The values stand in the input, where the compiler's type checker knows nothing of them.
 */
export function randomProgram(random: Random): CaseProgram {
  const input: Record<string, unknown> = {};
  const write = createExpressionWriter(random, input);
  const rules = Array.from({ length: rulesPerProgram }, (_, index) => writeRule(random, write, index));
  const answers = rules.map((_, index) => `results contains [${index}, data.fuzz.r${index}]`);
  return {
    modules: {
      // What a function gives may be anything: without it the type checker would refuse most calls.
      'fuzz.rego': `package fuzz\n\nid(x) := x\n\n${rules.join('\n\n')}\n`,
      'answer.rego': `package ${answerPackage}\n\n${answers.join('\n')}\n\ntext := sprintf("%v", [results])\n`,
    },
    packages: ['fuzz'],
    data: '{}',
    input: JSON.stringify(input),
  };
}

/** Kinds of which only the input has values. */
const leaves: readonly Kind[] = ['small', 'part'];

/** Writes an expression that gives, most of the time, a value of the kind. */
type ExpressionWriter = (kind: Kind, depth?: number) => string;

function createExpressionWriter(random: Random, input: Record<string, unknown>): ExpressionWriter {
  const leaf = (kind: Kind): string => {
    // Now and then something else than is wanted: that must be undefined in both.
    const given = !leaves.includes(kind) && random.chance(0.05) ? random.pick(kinds) : kind;
    const name = `v${Object.keys(input).length}`;
    input[name] = randomValue(random, given);
    return given === 'set' ? `id({m_${name} | some m_${name} in input.${name}})` : `input.${name}`;
  };
  const call = (kind: Kind, depth: number): string => {
    const [name, takes] = random.pick(signatures.filter(([, , gives]) => kind === 'any' || gives === kind));
    return `${name}(${takes.map((taken) => write(taken, depth - 1)).join(', ')})`;
  };
  const build = (kind: Kind, depth: number): string => {
    const inner = (other: Kind) => write(other, depth - 1);
    // Nested comprehensions must not share their names.
    const [i, m] = [`i${depth}`, `m${depth}`];
    switch (kind) {
      case 'small':
      case 'number':
      case 'integer':
        return random.chance(0.7)
          ? `(${inner(kind)} ${random.pick(['+', '-', '*'])} ${inner('integer')})`
          : `(${inner(kind)} ${random.pick(['/', '%'])} ${1 + random.below(9)})`;
      case 'boolean':
        return `${random.pick(['equal', 'lt', 'lte', 'gt', 'gte', 'neq'])}(${inner('any')}, ${inner('any')})`;
      case 'array':
        return random.chance(0.5)
          ? `[${inner('any')}, ${inner('any')}]`
          : `[[${i}, ${m}] | some ${i}, ${m} in ${inner('array')}]`;
      case 'object':
        return random.chance(0.5)
          ? `{"a": ${inner('any')}, ${JSON.stringify(random.pick(['b', 'é']))}: ${inner('any')}}`
          : `{${i}: [${m}] | some ${i}, ${m} in ${inner('object')}}`;
      case 'set':
        return random.chance(0.5)
          ? `{${m} | some ${m} in ${inner('array')}}`
          : `(${inner('set')} ${random.pick(['|', '&', '-'])} ${inner('set')})`;
      case 'part':
      case 'text':
        return `$"{${inner('small')}} and {${inner('part')}}"`;
      case 'any':
        return inner(random.pick(['text', 'number', 'boolean', 'array', 'object', 'set']));
    }
  };
  const write: ExpressionWriter = (kind, depth = 2) => {
    if (depth <= 0 || leaves.includes(kind) || random.chance(0.2)) return leaf(kind);
    return `id(${random.chance(0.65) ? call(kind, depth) : build(kind, depth)})`;
  };
  return write;
}

const ruleForms: readonly ((name: string, random: Random, write: ExpressionWriter, index: number) => string)[] = [
  (name, _random, write) => `${name} := ${write('any', 3)}`,
  (name, _random, write) => `${name} := ${write('any', 4)}`,
  (name, random, write) => `${name} contains e if some e in ${write(random.pick(['array', 'set']))}`,
  (name, _random, write) => `${name}[k] := [e] if some k, e in ${write('object')}`,
  (name, random, write) =>
    `${name} := ${write('any')} if {\n\t${writeCondition(random, write)}\n} else := ${write('any')}`,
  (name, random, write) => `${name} if {\n\t${writeCondition(random, write)}\n\t${writeCondition(random, write)}\n}`,
  (name, _random, write) =>
    [
      `f_${name}(x) := [x, ${write('any', 1)}] if is_string(x)`,
      `f_${name}(x) := type_name(x) if not is_string(x)`,
      `${name} := [f_${name}(${write('any')}), f_${name}(${write('text')})]`,
    ].join('\n\n'),
  (name, _random, write) => `default ${name} := "none"\n\n${name} := ${write('any')}`,
  (name, random, write, index) =>
    index === 0
      ? `${name} := ${write('any')}`
      : `${name} := e if e := data.fuzz.r${random.below(index)} with input.v${random.below(10)} as ${write('text', 1)}`,
];

function writeRule(random: Random, write: ExpressionWriter, index: number): string {
  return random.pick(ruleForms)(`r${index}`, random, write, index);
}

function writeCondition(random: Random, write: ExpressionWriter): string {
  const form = random.below(5);
  const name = `c${random.below(1_000_000)}`;
  if (form === 0) return `not ${write('boolean')}`;
  if (form === 1) return `every ${name} in ${write('array')} {\n\t\t${write('any', 1)} != ${name}\n\t}`;
  if (form === 2) return `some ${name} in ${write('array')}\n\tis_string(${name})`;
  if (form === 3) return `${write('text')} in ${write('set')}`;
  return write('boolean');
}
