import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Gateway, startGateway } from './start-gateway.ts';

// What a real MLflow cannot be made to show: which bytes arrive there, and what breaks off.
let server: Server;
let gateway: Gateway;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const received: IncomingMessage[] = [];

function portOf(listening: Server): number {
  const address = listening.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

beforeEach(async () => {
  received.length = 0;
  answer = (incoming, response) => void incoming.resume().on('end', () => response.end('ok'));
  server = createServer((incoming, response) => {
    received.push(incoming);
    answer(incoming, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    cluster: nowhere,
    namespace: 'default',
    registry: new URL(`http://127.0.0.1:${portOf(server)}/mlflow/`),
    aliases: [],
    timeoutMs: 1_000,
    events: { listening: () => {}, passed: () => {}, refused: () => {} },
  });
});
afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  server.close();
  server.closeAllConnections();
});

/** Passed calls ask no cluster. */
const nowhere: Parameters<typeof startGateway>[0]['cluster'] = {
  server: 'https://127.0.0.1:1',
  namespace: 'default',
  request: () => Promise.reject(new Error('nobody is asked')),
  stream: () => Promise.reject(new Error('nobody is asked')),
  [Symbol.asyncDispose]: async () => {},
};

/** @returns all that comes back until the gateway ends the connection */
async function sendRaw(...lines: readonly string[]): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

describe('what is no plain request', () => {
  test.each([
    [
      'a length and chunks',
      ['POST /a HTTP/1.1', 'Host: x', 'Content-Length: 4', 'Transfer-Encoding: chunked', '', '0'],
    ],
    ['two lengths', ['POST /a HTTP/1.1', 'Host: x', 'Content-Length: 4', 'Content-Length: 5', '', 'abcd']],
    ['an odd encoding', ['POST /a HTTP/1.1', 'Host: x', 'Transfer-Encoding: xchunked', '', '0']],
    ['an absolute target', ['GET http://elsewhere/a HTTP/1.1', 'Host: x']],
    ['a target without a slash', ['OPTIONS * HTTP/1.1', 'Host: x']],
    ['a space before the colon', ['GET /a HTTP/1.1', 'Host : x']],
    ['no host', ['GET /a HTTP/1.1']],
  ])('with %s is refused, and MLflow is not asked', async (_, lines) => {
    expect(await sendRaw(...lines)).toMatch(/^HTTP\/1.1 400 /);
    expect(received).toEqual([]);
  });

  test('as CONNECT ends the connection', async () => {
    expect(await sendRaw('CONNECT elsewhere:443 HTTP/1.1', 'Host: elsewhere')).toBe('');
    expect(received).toEqual([]);
  });
});

test('headers of the connection stay behind, those of the message go on, and MLflow is named by its own host', async () => {
  await sendRaw(
    'GET /a?b=c%20d HTTP/1.1',
    ...['Host: gateway', 'Connection: close, X-Mine, Content-Length', 'X-Mine: 1', 'Proxy-Authorization: x', 'TE: x'],
    ...['Authorization: Basic abc', 'X-Kept: 1', 'X-Kept: 2'],
  );
  const [{ url = '', headers } = { headers: {} }] = received;
  expect(url).toBe('/mlflow/a?b=c%20d');
  expect(headers).toMatchObject({
    host: `127.0.0.1:${portOf(server)}`,
    authorization: 'Basic abc',
    'x-kept': '1, 2',
  });
  expect(Object.keys(headers)).not.toContain('x-mine');
  expect(Object.keys(headers)).not.toContain('proxy-authorization');
  expect(Object.keys(headers)).not.toContain('te');
});

test('HEAD has the headers of the answer and no body', async () => {
  answer = (_, response) => response.writeHead(200, { 'content-length': '42', 'x-a': 'b' }).end();
  const response = await fetch(`http://127.0.0.1:${gateway.port}/a`, { method: 'HEAD' });
  expect([response.status, response.headers.get('content-length'), response.headers.get('x-a')]).toEqual([
    200,
    '42',
    'b',
  ]);
});

test('a client that asks first whether it may send is told by MLflow', async () => {
  const outgoing = request({
    port: gateway.port,
    path: '/a',
    method: 'PUT',
    headers: { expect: '100-continue', 'content-length': 2 },
  });
  outgoing.flushHeaders();
  await once(outgoing, 'continue');
  outgoing.end('hi');
  const [response] = await once(outgoing, 'response');
  expect(response.statusCode).toBe(200);
  expect(received).toHaveLength(1);
});

test('a client that goes away takes its request with it', async () => {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  answer = (incoming) => void incoming.on('close', () => resolve());
  const outgoing = request({ port: gateway.port, path: '/a' });
  outgoing.on('error', () => {});
  outgoing.end();
  await vi.waitFor(() => expect(received).toHaveLength(1));
  outgoing.destroy();
  await gone;
});

test('an answer that breaks off is not one that is complete', async () => {
  answer = (_, response) => {
    response.writeHead(200);
    response.write('half', () => response.destroy());
  };
  const response = await fetch(`http://127.0.0.1:${gateway.port}/a`);
  await expect(response.text()).rejects.toThrow();
});

test('with MLflow away the answer is one of MLflow clients', async () => {
  server.close();
  server.closeAllConnections();
  const response = await fetch(`http://127.0.0.1:${gateway.port}/a`);
  expect([response.status, await response.json()]).toEqual([
    503,
    { error_code: 'TEMPORARILY_UNAVAILABLE', message: expect.stringContaining('cannot reach MLflow') },
  ]);
});
