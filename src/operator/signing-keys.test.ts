import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type PlainApiServer, startPlainApiServer } from '../../test/plain-api-server.ts';
import { createSigningKeys } from './signing-keys.ts';

const Created = z.looseObject({});

/** Has no Secrets, and is away for the first requests. */
function startServer(failures: number): Promise<PlainApiServer> {
  let left = failures;
  return startPlainApiServer(async (request, response) => {
    if (left-- > 0) response.writeHead(503).end();
    else if (request.method === 'GET') response.writeHead(404).end();
    else response.end(JSON.stringify({ ...Created.parse(await json(request)), metadata: { resourceVersion: '1' } }));
  });
}

test('nobody decides before there is a key where the first reads fail', async () => {
  await using server = await startServer(2);
  const problems: unknown[] = [];
  await using keys = createSigningKeys({
    ...{ cluster: server.cluster, namespace: 'assent-system', onKey: () => {} },
    onProblem: (error) => problems.push(error),
  });
  await keys.loaded;
  expect(keys.sign(Buffer.from('decision'))).not.toBeNull();
  expect(problems).toMatchObject([{ code: 'server' }, { code: 'server' }]);
});

test('a key that cannot be had holds up nobody for long', async () => {
  await using server = await startServer(Number.POSITIVE_INFINITY);
  await using keys = createSigningKeys({
    ...{ cluster: server.cluster, namespace: 'assent-system', onKey: () => {}, onProblem: () => {} },
    patienceMs: 300,
  });
  await keys.loaded;
  expect(keys.sign(Buffer.from('decision'))).toBeNull();
});
