import { createRequire } from 'node:module';
import type { ConfigOptions, KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';

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
  /** @returns the same, which has yet to ask for every token: the client keeps some for a minute, whoever refuses them. */
  withoutTokens(): ImpersonatingConfig;
}

/** Loads the client on the first call, half of what a command without a cluster would take to start. */
export function createImpersonatingConfig(): ImpersonatingConfig {
  const client: typeof import('@kubernetes/client-node') = createRequire(import.meta.url)('@kubernetes/client-node');
  const groups = new Map<string, readonly string[]>();
  class GroupsConfig extends client.KubeConfig {
    override loadFromString(text: string, options?: Partial<ConfigOptions>): void {
      super.loadFromString(text, options);
      for (const { name, user } of Groups.parse(parse(text)).users ?? []) groups.set(name, user?.['as-groups'] ?? []);
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
