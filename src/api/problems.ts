import { z } from 'zod';
import { nearNames } from './near-names.ts';

/**
 * zod's own words are for who wrote the schema: "expected int, received number". Set here once, and not at each parse:
 * what a schema does not word itself is told alike in every room, offline and in every status.
 */
z.config({ customError: wordIssue });

/** What does not fit in a value, and where. */
export interface FieldProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** @returns each thing that does not fit; of several unknown fields each is one, and `path` is that of the field. */
export function listProblems({ issues }: z.ZodError): readonly FieldProblem[] {
  const mistyped = issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => path.join('.'));
  return issues.flatMap((issue) => {
    const { code, path, message } = issue;
    // A text in place of a list has a length too: that it is too long for a list tells nothing.
    if ((code === 'too_big' || code === 'too_small') && mistyped.includes(path.join('.'))) return [];
    if (issue.code !== 'unrecognized_keys') return [{ path, message }];
    return message.split('\n').map((line, index) => ({ path: [...path, issue.keys[index] ?? ''], message: line }));
  });
}

/** @returns the problem in one line, behind the field. */
export function renderProblem({ path, message }: FieldProblem): string {
  return path.length > 0 ? `${path.join('.')}: ${message}` : message;
}

/** Whoever repairs ten has seen what the others are; a policy's answer may have thousands. */
const MOST_KEYS = 10;
/** Longer names are no slips of a finger, and comparing them takes long. */
const LONGEST_NAME = 64;

/** @returns what was found and what would be right; for unknown fields a line each, in their order. */
function wordIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [];
      const told = issue.keys.slice(0, MOST_KEYS).map((key) => `there is no such field${suggest(key, known)}`);
      const left = issue.keys.length - told.length;
      return [...told, ...(left > 0 ? [`there is no such field, and ${left} in all are not told here`] : [])].join(
        '\n',
      );
    }
    case 'invalid_type':
      return wordType(issue.input, issue.expected);
    case 'invalid_value': {
      const wanted = issue.values.map(String);
      const near = typeof issue.input === 'string' ? nearNames(issue.input.slice(0, LONGEST_NAME), wanted) : [];
      const hint = near.length > 0 && wanted.length > 1 ? `; did you mean ${near[0]}?` : '';
      return `${describeFound(issue.input)}: write ${joinNames(wanted, 'or')}${hint}`;
    }
    case 'too_small':
      return wordBound(issue, Number(issue.minimum), issue.inclusive === false ? 'more than' : 'at least');
    case 'too_big':
      return wordBound(issue, Number(issue.maximum), issue.inclusive === false ? 'less than' : 'at most');
    case 'not_multiple_of':
      return `${describeFound(issue.input)}: write a multiple of ${issue.divisor}`;
    case 'invalid_union': {
      const { discriminator, options } = issue;
      if (discriminator === undefined || !Array.isArray(options)) return undefined;
      return `${describeFound(Object(issue.input)[discriminator])}: write ${joinNames(options.map(String), 'or')}`;
    }
    default:
      return undefined;
  }
}

function suggest(name: string, known: readonly string[]): string {
  const near = name.length > LONGEST_NAME ? [] : nearNames(name, known);
  if (near.length > 0) return `: did you mean ${joinNames(near, 'or')}?`;
  return known.length > 0 ? `; there ${known.length === 1 ? 'is' : 'are'} ${joinNames(known, 'and')}` : '';
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of fields',
  record: 'a map of names and values',
};

function wordType(input: unknown, expected: string): string {
  const wanted = WANTED[expected] ?? expected;
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean'))
    return `${describeFound(input)}: write a text, in quotes`;
  if ((expected === 'number' || expected === 'int') && typeof input === 'string' && isNumeric(input))
    return `${describeFound(input)}: write ${wanted}, without quotes`;
  // Whoever names one thing, where several may stand, has seen no list of them.
  const example = expected === 'array' && isShortText(input) ? `, as in [${JSON.stringify(input)}]` : '';
  return `${describeFound(input)}: write ${wanted}${example}`;
}

function isShortText(input: unknown): boolean {
  return typeof input === 'string' && input !== '' && input.length <= SHOWN_CHARACTERS;
}

function isNumeric(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function wordBound({ input, origin }: z.core.$ZodRawIssue, bound: number, atLeast: string): string {
  const unit = UNITS[String(origin)];
  if (unit === undefined) return `${describeFound(input)}: write ${atLeast} ${bound}`;
  if (input === '') return `it is empty: give it ${atLeast} ${bound} ${bound === 1 ? unit[0] : unit[1]}`;
  const length = typeof input === 'string' || Array.isArray(input) ? input.length : Object.keys(Object(input)).length;
  return `it has ${length} ${length === 1 ? unit[0] : unit[1]}: give it ${atLeast} ${bound}`;
}

const UNITS: Readonly<Record<string, readonly [string, string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  object: ['entry', 'entries'],
  record: ['entry', 'entries'],
};

/** Enough to find it by. */
const SHOWN_CHARACTERS = 64;

function describeFound(input: unknown): string {
  if (input === undefined) return 'it is missing';
  if (input === null) return 'it is empty';
  if (typeof input === 'string')
    return `found ${JSON.stringify(input.length > SHOWN_CHARACTERS ? `${input.slice(0, SHOWN_CHARACTERS)}…` : input)}`;
  if (Array.isArray(input)) return 'found a list';
  return typeof input === 'object' ? 'found a map' : `found ${String(input)}`;
}

function joinNames(names: readonly string[], word: 'and' | 'or'): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;
}
