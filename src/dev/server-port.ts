import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below what Linux (32768) and macOS (49152) give to outgoing connections. In that range, a client that keeps trying to
// reach a stopped API server can be given the server's own port, connect to itself, and keep the server from returning.
const FIRST = 20_000;
const END = 32_000;

/** @returns the preferred port if it is free on 127.0.0.1 now, else another that is */
export async function findFreePort(preferred: number | undefined): Promise<number> {
  let port = preferred ?? randomInt(FIRST, END);
  while (!(await isFree(port))) port = randomInt(FIRST, END);
  return port;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
