import { stringify } from 'yaml';
import { buildCrds, GROUP } from '../api/index.ts';

/** @returns every generated file's path in the repository and its content. One source: src/. */
export function buildGeneratedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const crd of buildCrds()) {
    files.set(`crds/${nameOf(crd).replace(`.${GROUP}`, '')}.yaml`, renderYaml(crd));
  }
  return files;
}

function nameOf(manifest: Record<string, unknown>): string {
  const { metadata } = manifest;
  if (typeof metadata !== 'object' || metadata === null || !('name' in metadata))
    throw new TypeError('a manifest without a name');
  return String(metadata.name);
}

function renderYaml(manifest: unknown): string {
  return stringify(manifest, { aliasDuplicateObjects: false, lineWidth: 120 });
}
