import { Argument } from 'commander';
import { GROUP } from '../api/index.ts';
import type { Cluster } from '../kube/index.ts';
import type { NamespaceOptions } from './cluster-options.ts';

/** Where a ModelVersion is. */
export interface VersionName {
  readonly namespace: string;
  readonly name: string;
}

/** What kubectl takes, and prints with `-o name`, before a name. */
const KIND = new RegExp(`^(mv|modelversions?(\\.${GROUP.replace('.', '\\.')})?)/`);

/** The argument of a command about one version. The completion scripts know it by its name. */
export function versionArgument(): Argument {
  return new Argument('<name>', 'name of the ModelVersion').argParser(parseVersionName);
}

/** @returns the name without what kubectl writes before it. */
export function parseVersionName(text: string): string {
  return text.replace(KIND, '');
}

export function locateVersion(cluster: Cluster, name: string, { namespace }: NamespaceOptions): VersionName {
  return { namespace: namespace ?? cluster.namespace, name };
}
