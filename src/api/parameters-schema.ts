import { z } from 'zod';
import { isNestedWithin, MAX_DEPTH } from './nesting.ts';
import { type FieldProblem, listProblems } from './problems.ts';

/** What every part of a schema may say besides; it is for people. */
const annotations = {
  title: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  examples: z.array(z.unknown()).optional(),
};

const count = () => z.number().int().min(0).optional();

interface ObjectPart {
  type: 'object';
  properties?: Record<string, Part> | undefined;
  required?: string[] | undefined;
  additionalProperties?: boolean | Part | undefined;
}

type Part =
  | ObjectPart
  | { type: 'array'; items: Part; minItems?: number | undefined; maxItems?: number | undefined }
  | { type: 'string'; enum?: string[] | undefined; minLength?: number | undefined; maxLength?: number | undefined }
  | {
      type: 'number' | 'integer';
      minimum?: number | undefined;
      maximum?: number | undefined;
      exclusiveMinimum?: number | undefined;
      exclusiveMaximum?: number | undefined;
    }
  | { type: 'boolean' };

/**
 * The part of JSON Schema that can be looked through in the time that the value's length gives: no references, no
 * patterns and no alternatives, which a hostile policy could make endless. Every part has a `type`, as Kubernetes asks of
 * schemas too, so that no keyword is left unread.
 */
const Part: z.ZodType<Part> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('object'),
    properties: z
      .record(
        z.string(),
        z.lazy(() => Part),
      )
      .optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), z.lazy(() => Part)]).optional(),
    ...annotations,
  }),
  z.strictObject({
    type: z.literal('array'),
    items: z.lazy(() => Part),
    minItems: count(),
    maxItems: count(),
    ...annotations,
  }),
  z.strictObject({
    type: z.literal('string'),
    enum: z.array(z.string()).min(1).optional(),
    minLength: count(),
    maxLength: count(),
    ...annotations,
  }),
  z.strictObject({
    type: z.enum(['number', 'integer']),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    exclusiveMaximum: z.number().optional(),
    ...annotations,
  }),
  z.strictObject({ type: z.literal('boolean'), ...annotations }),
]);

const Root = Part.refine(({ type }) => type === 'object', 'parameters are an object: write type: object');

/** Both together cost the operator a moment, whoever wrote them. */
const MOST_PARTS = 256;
const MOST_BYTES = 64 * 1024;

/**
 * @returns where the parameters of a policy do not fit its `parametersSchema`, or that does not fit what it may say; each
 * place is one below `spec`
 */
export function findParameterProblems({
  parametersSchema,
  parameters = {},
}: {
  readonly parametersSchema?: unknown;
  readonly parameters?: unknown;
}): readonly FieldProblem[] {
  if (parametersSchema === undefined) return [];
  const inSchema = (message: string) => [{ path: ['parametersSchema'], message }];
  if (!isNestedWithin(parametersSchema, MAX_DEPTH)) return inSchema(`nested more than ${MAX_DEPTH} levels deep`);
  if (countParts(parametersSchema) > MOST_PARTS) return inSchema(`has more than ${MOST_PARTS} parts: make it smaller`);
  const schema = Root.safeParse(parametersSchema);
  if (!schema.success)
    return listProblems(schema.error).map(({ path, message }) => ({ path: ['parametersSchema', ...path], message }));
  if (JSON.stringify(parameters).length > MOST_BYTES)
    return [{ path: ['parameters'], message: 'checked parameters are at most 64 KiB long: put the rest in spec.data' }];
  const fitting = toZod(schema.data).safeParse(parameters);
  return fitting.error
    ? listProblems(fitting.error).map(({ path, message }) => ({ path: ['parameters', ...path], message }))
    : [];
}

function countParts(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, part) => sum + countParts(part), 1);
}

function toZod(part: Part): z.ZodType {
  switch (part.type) {
    case 'object':
      return objectToZod(part);
    case 'array': {
      const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = part;
      return z.array(toZod(items)).min(minItems).max(maxItems);
    }
    case 'string': {
      const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = part;
      const text = z.string().min(minLength).max(maxLength);
      return part.enum ? text.pipe(z.enum(part.enum)) : text;
    }
    case 'number':
    case 'integer': {
      const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum } = part;
      const number = (part.type === 'integer' ? z.int() : z.number()).min(minimum).max(maximum);
      return number.gt(exclusiveMinimum ?? -Infinity).lt(exclusiveMaximum ?? Infinity);
    }
    case 'boolean':
      return z.boolean();
  }
}

function objectToZod({ properties = {}, required = [], additionalProperties = true }: ObjectPart): z.ZodType {
  const fields = Object.entries(properties).map(([name, part]) => {
    const field = toZod(part);
    return [name, required.includes(name) ? field : field.optional()] as const;
  });
  const unnamed = required.filter((name) => !Object.hasOwn(properties, name)).map((name) => [name, GIVEN] as const);
  const object = z.object(Object.fromEntries([...unnamed, ...fields]));
  if (additionalProperties === false) return object.strict();
  return object.catchall(additionalProperties === true ? z.unknown() : toZod(additionalProperties));
}

const GIVEN = z.custom((value) => value !== undefined, 'it must be given');
