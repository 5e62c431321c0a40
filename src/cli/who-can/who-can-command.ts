import { Command } from 'commander';
import { APPROVE_VERB, GROUP } from '../../api/index.ts';
import type { Cluster } from '../../kube/index.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { printable } from '../printable.ts';
import { readPerson } from '../read-person.ts';
import { readVersion } from '../read-version.ts';
import { locateVersion, type VersionName, versionArgument } from '../version-name.ts';
import { loadDuties } from './load-duties.ts';
import { loadRbac } from './load-rbac.ts';
import { type Access, findHolders } from './rbac.ts';
import { renderWhoCan } from './render-who-can.ts';
import { reviewOwnAccess } from './review-own-access.ts';

export function buildWhoCanCommand(exit: (code: ExitCode) => void): Command {
  return addNamespaceOptions(
    new Command('who-can')
      .summary('who may approve a version, and for what that counts')
      .description(
        'Lists who holds the RBAC verb approve on a version, by which binding, and for which of its open requirements that counts.',
      )
      .addArgument(versionArgument()),
  ).action(async (name: string, options: NamespaceOptions) => {
    await using cluster = openCluster(options);
    exit(await whoCan(cluster, locateVersion(cluster, name, options)));
  });
}

async function whoCan(cluster: Cluster, where: VersionName): Promise<ExitCode> {
  const access: Access = { verb: APPROVE_VERB, group: GROUP, resource: 'modelversions', name: where.name };
  const version = await readVersion(cluster, where);
  const [rbac, duties] = await Promise.all([loadRbac(cluster, where.namespace), loadDuties(cluster, where, version)]);
  if (rbac.kind === 'rbac') {
    process.stdout.write(renderWhoCan(version, findHolders(rbac, access), duties));
    return EXIT.approved;
  }
  const [{ user, groups }, own] = await Promise.all([readPerson(cluster), reviewOwnAccess(cluster, where, access)]);
  console.error(
    `who holds the verb cannot be told: ${printable(user)} may not list ${rbac.resources.join(', ')} (rbac.authorization.k8s.io); ask for the verb list on them`,
  );
  console.error(`${printable(user)} ${own.allowed ? 'may' : 'may not'} approve ${where.name}`);
  const oneself = { kind: 'User', name: user, groups, via: [own.reason || 'SelfSubjectAccessReview'] } as const;
  if (own.allowed) process.stdout.write(renderWhoCan(version, [oneself], duties, 'oneself'));
  return EXIT.error;
}
