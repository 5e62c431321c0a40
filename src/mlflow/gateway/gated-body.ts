import type { IncomingMessage } from 'node:http';
import { readBounded } from '../../distribution/index.ts';
import { MlflowRefusal } from './mlflow-refusal.ts';

/** What a gated call says. It is sent on in these words, so that what was judged is what MLflow reads. */
export interface GatedBody {
  /** @returns the field's text; '' where it is not there */
  text(field: string): string;
  flag(field: string): boolean;
  readonly fields: Readonly<Record<string, unknown>>;
}

const BODY_BYTES = 1024 * 1024;
const NOT_JSON = 'the body of this call is a JSON object in UTF-8, with content-type application/json and no encoding';

/** @throws MlflowRefusal where the body is not what MLflow's own clients send */
export async function readGatedBody(request: IncomingMessage): Promise<GatedBody> {
  const { headers } = request;
  if (headers['content-encoding'] !== undefined) throw new MlflowRefusal('INVALID_PARAMETER_VALUE', NOT_JSON);
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  const bytes = await readBounded(request, BODY_BYTES);
  if (!bytes)
    throw new MlflowRefusal('INVALID_PARAMETER_VALUE', `the body of this call has at most ${BODY_BYTES} bytes`);
  if (type !== 'application/json') throw new MlflowRefusal('INVALID_PARAMETER_VALUE', NOT_JSON);
  return parseGatedBody(bytes);
}

function parseGatedBody(bytes: Uint8Array): GatedBody {
  const fields = parseObject(bytes);
  return {
    fields,
    text(field) {
      const value = readField(fields, field) ?? '';
      if (typeof value === 'string') return value;
      throw new MlflowRefusal('INVALID_PARAMETER_VALUE', `Invalid value for parameter '${field}': a string is wanted`);
    },
    flag(field) {
      const value = readField(fields, field) ?? false;
      if (typeof value === 'boolean') return value;
      throw new MlflowRefusal(
        'INVALID_PARAMETER_VALUE',
        `Invalid value for parameter '${field}': true or false is wanted`,
      );
    },
  };
}

/** Protobuf takes a field by its name and in camel case; a body that has both means two things. */
function readField(fields: Readonly<Record<string, unknown>>, field: string): unknown {
  const camel = field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const named = [...new Set([field, camel])].filter((name) => Object.hasOwn(fields, name));
  if (named.length > 1)
    throw new MlflowRefusal('INVALID_PARAMETER_VALUE', `the body has ${named.join(' and ')}: provide one of them`);
  return named[0] === undefined ? undefined : fields[named[0]];
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    // Older clients encode twice; MLflow decodes twice.
    const value: unknown = typeof parsed === 'string' ? JSON.parse(parsed) : parsed;
    if (isObject(value)) return value;
  } catch (cause) {
    throw new MlflowRefusal('INVALID_PARAMETER_VALUE', NOT_JSON, { cause });
  }
  throw new MlflowRefusal('INVALID_PARAMETER_VALUE', NOT_JSON);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
