import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { trustEveryAddress } from './address-guard.ts';
import { sendHttp } from './http-request.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const address = server.address();
  return new URL(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`);
}

const transport = { guard: trustEveryAddress(true) };
const headers = { authorization: 'Bearer secret' };

describe('a redirect', () => {
  it('to another host is followed only where that is asked for, and never with credentials', async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end('there');
    });
    const url = await serve((_, response) => response.writeHead(307, { location: other.href }).end());
    await expect(sendHttp({ url, headers, maxBytes: 100 }, transport)).rejects.toMatchObject({
      code: 'address-refused',
    });
    const answer = await sendHttp({ url, headers, maxBytes: 100, followElsewhere: true }, transport);
    expect(answer.body.toString()).toBe('there');
    expect(seen).toEqual([undefined]);
  });

  it('on the same host is followed, and not for ever', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/there') response.end(request.headers.authorization);
      else response.writeHead(302, { location: request.url === '/loop' ? '/loop' : '/there' }).end();
    });
    const answer = await sendHttp({ url, headers, maxBytes: 100 }, transport);
    expect(answer.body.toString()).toBe('Bearer secret');
    const loop = sendHttp({ url: new URL('/loop', url), maxBytes: 100 }, transport);
    await expect(loop).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('more than 3 times'),
    });
  });
});

it('with authorities that are no PEM, or a header that is none, fails as any other', async () => {
  const url = new URL('https://127.0.0.1:1/');
  const sending = sendHttp({ url, maxBytes: 1 }, { ...transport, caBundle: 'no PEM' });
  await expect(sending).rejects.toMatchObject({ name: 'BundleError', code: 'unreachable' });
  const broken = sendHttp({ url, headers: { authorization: 'Bearer a\nb' }, maxBytes: 1 }, transport);
  await expect(broken).rejects.toMatchObject({ name: 'BundleError', code: 'unreachable' });
});

describe('an answer', () => {
  it('that is too long, or never ends, is cut off and refused', async () => {
    const url = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(60)), 1);
      response.on('close', () => clearInterval(timer));
    });
    await expect(sendHttp({ url, maxBytes: 100 }, transport)).rejects.toMatchObject({ code: 'too-large' });
    const late = sendHttp({ url, maxBytes: 2 ** 30 }, { ...transport, timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('that never comes is waited for only so long', async () => {
    const url = await serve(() => undefined);
    const late = sendHttp({ url, maxBytes: 100 }, { ...transport, timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ code: 'unreachable' });
  });
});
