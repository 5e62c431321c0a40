import { createRequire } from 'node:module';
import type { ConfigOptions, KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import { listProblems, renderProblem } from '../api/index.ts';
import { KubeApiError } from './kube-api-error.ts';

const Groups = z.object({
  users: z
    .array(z.object({ name: z.string(), user: z.object({ 'as-groups': z.array(z.string()).default([]) }).nullish() }))
    .nullish(),
});

/**
 * A kubeconfig with the groups that its users impersonate. The client reads `as` and drops `as-groups`: its requests
 * would come from somebody with other groups than kubectl's. Of several files in $KUBECONFIG, those of the first count.
 */
export interface ImpersonatingConfig extends KubeConfig {
  readonly impersonatedGroups: readonly string[];
  /** The file that it is from, the first of several; undefined where there is none, as in a pod. */
  readonly file: string | undefined;
  /** @returns the same, which has yet to ask for every token: the client keeps some for a minute, whoever refuses them. */
  withoutTokens(): ImpersonatingConfig;
}

/** Loads the client on the first call, half of what a command without a cluster would take to start. */
export function createImpersonatingConfig(): ImpersonatingConfig {
  const client: typeof import('@kubernetes/client-node') = createRequire(import.meta.url)('@kubernetes/client-node');
  const groups = new Map<string, readonly string[]>();
  let read: string | undefined;
  class GroupsConfig extends client.KubeConfig {
    override loadFromFile(file: string, options?: Partial<ConfigOptions>): void {
      read ??= file;
      try {
        super.loadFromFile(file, options);
      } catch (cause) {
        throw new KubeApiError('invalid', `The kubeconfig ${file} cannot be read: ${describeFault(cause)}`, { cause });
      }
    }

    override loadFromString(text: string, options?: Partial<ConfigOptions>): void {
      super.loadFromString(text, options);
      for (const { name, user } of Groups.parse(parse(text)).users ?? []) groups.set(name, user?.['as-groups'] ?? []);
    }

    get file(): string | undefined {
      return read;
    }

    get impersonatedGroups(): readonly string[] {
      return groups.get(this.getCurrentUser()?.name ?? '') ?? [];
    }

    withoutTokens(): ImpersonatingConfig {
      const config = new GroupsConfig();
      const { clusters, contexts, users, currentContext } = this;
      config.loadFromOptions({ clusters, contexts, users, currentContext });
      return config;
    }
  }
  return new GroupsConfig();
}

/** Without the piece of the file that YAML's messages end with: it may hold a password. */
function describeFault(cause: unknown): string {
  if (cause instanceof z.ZodError) return listProblems(cause).map(renderProblem).join('; ');
  const [first = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return first;
}
