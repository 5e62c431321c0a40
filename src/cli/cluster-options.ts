import type { Command } from 'commander';
import { type Cluster, loadCluster } from '../kube/index.ts';

/** Which cluster a command asks, as kubectl takes it. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** A command about the versions of one namespace. */
export interface NamespaceOptions extends ClusterOptions {
  readonly namespace?: string;
}

export function addClusterOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig of the cluster (default: $KUBECONFIG)')
    .option('--context <name>', 'context in the kubeconfig');
}

export function addNamespaceOptions(command: Command): Command {
  return addClusterOptions(
    command.option('-n, --namespace <name>', "namespace (default: that of the kubeconfig's context)"),
  );
}

/** @throws KubeApiError where nothing says which cluster is meant */
export function openCluster({ kubeconfig, context }: ClusterOptions): Cluster {
  return loadCluster({ ...(kubeconfig ? { kubeconfig } : {}), ...(context ? { context } : {}) });
}
