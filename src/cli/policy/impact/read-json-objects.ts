import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CliError } from '../../cli-error.ts';

/**
 * Reads Kubernetes objects from JSON: one object or List, or one object a line, which may be more than memory holds.
 *
 * @throws CliError with the line that is not JSON
 */
export async function* readJsonObjects(path: string): AsyncGenerator<object> {
  if (!existsSync(path)) throw new CliError([`${path}: no such file or folder`]);
  let whole: string[] | null = null;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    number++;
    if (whole) {
      whole.push(line);
      continue;
    }
    if (line.trim() === '') continue;
    const value = tryParse(line);
    // What does not end on its first line is one value over many lines.
    if (value === undefined && number === 1) whole = [line];
    else if (value === undefined) throw new CliError([`${path}:${number}: is not JSON: the dump is damaged`]);
    else yield* expand(value);
  }
  if (!whole) return;
  const value = tryParse(whole.join('\n'));
  if (value === undefined) throw new CliError([`${path}: is neither JSON nor one JSON object a line`]);
  yield* expand(value);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function* expand(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return;
  if ('items' in value && Array.isArray(value.items)) {
    for (const item of value.items) if (typeof item === 'object' && item !== null) yield item;
  } else yield value;
}
