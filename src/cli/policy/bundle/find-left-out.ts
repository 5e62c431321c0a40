import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { PolicyData } from '../../../rego/index.ts';
import { CliError } from '../../cli-error.ts';
import { loadManifests } from '../../load-manifests.ts';

const fields = z.record(z.string(), z.unknown()).default({});
const WithParameters = z.looseObject({ spec: z.looseObject({ parameters: fields }) });

/**
 * @param data what the bundle brings along
 * @returns what to tell who builds a bundle of a policy's folder: its parameters do not come along. Null: nothing
 */
export function findLeftOut(folder: string, data: PolicyData): string | null {
  const file = ['policy.yaml', 'policy.yml'].map((name) => join(folder, name)).find((path) => existsSync(path));
  const given = file === undefined ? {} : readParameters(file);
  const brought = fields.safeParse(data.parameters).data ?? {};
  const missing = Object.entries(given).filter(([name]) => !Object.hasOwn(brought, name));
  if (missing.length === 0) return null;
  const names = missing.map(([name]) => name).join(', ');
  const defaults = JSON.stringify({ parameters: Object.fromEntries(missing) });
  return `${file}: spec.parameters (${names}) is not part of the bundle: give it in the policy that names the bundle; to bring it along, build a folder that has data.json in place of policy.yaml: ${defaults}`;
}

function readParameters(file: string): Readonly<Record<string, unknown>> {
  try {
    const parsed = loadManifests([file]).map(({ value }) => WithParameters.safeParse(value));
    return Object.assign({}, ...parsed.map(({ data }) => data?.spec.parameters ?? {}));
  } catch (error) {
    // Nothing of it is in the bundle, so that it need not be YAML: it may be a template.
    if (error instanceof CliError) return {};
    throw error;
  }
}
