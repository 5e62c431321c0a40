import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleFiles } from '../../../distribution/index.ts';
import { CliError } from '../../cli-error.ts';

/** @throws CliError where the folder cannot be read */
export function readBundleFolder(folder: string): BundleFiles {
  return new Map(listFiles(folder, '').map((path) => [path, readFileSync(join(folder, path))]));
}

/** What a policy is made of, and nothing else that lies beside it; links are not followed. */
function listFiles(root: string, below: string): readonly string[] {
  return readEntries(join(root, below)).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : listFiles(root, path);
    return entry.isFile() && belongs(entry.name) ? [path] : [];
  });
}

function belongs(name: string): boolean {
  return (name.endsWith('.rego') && !name.endsWith('_test.rego')) || /^data\.(json|ya?ml)$/.test(name);
}

function readEntries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new CliError([`${folder}: no such folder, or it cannot be read`], { cause });
  }
}
