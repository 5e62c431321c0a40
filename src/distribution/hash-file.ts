import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { parse as parseYaml } from 'yaml';

/** Files that OPA hashes by what they say and not by their bytes. */
const STRUCTURED_FILES = ['data.json', 'data.yaml', 'data.yml', '.manifest'];

/** A number as it stands in the file: `1.0` and `1` are two hashes. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * The hash of a bundle's file as OPA's signatures hold it: of the bytes, and of data and manifests with sorted keys and
 * without white space (v1/bundle/hash.go).
 *
 * @param algorithm as Node names it: `sha256`
 * @returns hexadecimal digits
 * @throws SyntaxError where data or the manifest can be parsed neither as JSON nor as YAML
 */
export function hashFile(path: string, content: Buffer, algorithm: string): string {
  const structured = STRUCTURED_FILES.includes(posix.basename(path));
  const hashed = structured ? renderStructured(parseStructured(content)) : content;
  return createHash(algorithm).update(hashed).digest('hex');
}

function parseStructured(content: Buffer): unknown {
  const text = new TextDecoder().decode(content);
  const keepNumber = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined ? new NumberText(context.source) : value;
  try {
    return JSON.parse(text, keepNumber);
  } catch {
    return JSON.parse(JSON.stringify(parseYaml(text, { version: '1.1' })), keepNumber);
  }
}

function renderStructured(value: unknown): string {
  if (value instanceof NumberText) return value.text;
  if (Array.isArray(value)) return `[${value.map(renderStructured).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .toSorted(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
      .map(([key, member]) => `${renderText(key)}:${renderStructured(member)}`);
    return `{${members.join(',')}}`;
  }
  return typeof value === 'string' ? renderText(value) : JSON.stringify(value);
}

/** Go escapes two characters that JavaScript does not, and has no lone surrogates. */
function renderText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
