import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/dev/index.ts';
import { type AdmissionCluster, installAdmission } from './admission-cluster.ts';

let cluster: AdmissionCluster;
beforeAll(async () => {
  cluster = await installAdmission();
});

const library = join(repositoryRoot, 'policies', 'lib');

// Only tried: a policy that stays would judge the versions of other tests.
test.for(readdirSync(library))('the API server takes policies/lib/%s as it is', async (name) => {
  const file = join(library, name, 'policy.yaml');
  const { stdout, stderr } = await cluster.admin(['apply', '--dry-run=server', '-f', file]);
  expect(stderr).toBe('');
  expect(stdout).toBe(`clusterapprovalpolicy.assent.dev/${name} created (server dry run)\n`);
});

test('the API server takes every example of the library', async () => {
  const examples = join(repositoryRoot, 'examples', 'library');
  const { stderr } = await cluster.admin(['apply', '--dry-run=server', '--namespace=default', '-f', examples]);
  expect(stderr).toBe('');
});
