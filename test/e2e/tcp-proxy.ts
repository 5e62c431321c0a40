import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that a test can disturb. It sees bytes only: TLS passes through. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** When clients asked for a connection, in milliseconds of `performance.now()`. */
  readonly attempts: readonly number[];
  /** How many connections are open at this moment. */
  readonly open: number;
  /** Connections stay open and carry nothing, as behind a firewall that forgot them. New ones are no better. */
  silence(): void;
  /** Ends all connections at once, in the middle of whatever they carry. */
  cut(): void;
  /** As `cut`; and whoever connects is turned away. */
  refuse(): void;
  /** New connections work again. Those that are silent stay so. */
  recover(): void;
}

/** @param target the server's port on this machine, which may be closed at times */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let state: 'open' | 'silent' | 'refusing' = 'open';
  const attempts: number[] = [];
  const pairs = new Set<readonly [Socket, Socket]>();

  const server = createServer((client) => {
    attempts.push(performance.now());
    client.on('error', () => {});
    if (state === 'refusing') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1').on('error', () => {});
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.once('close', end);
    if (state === 'silent') return;
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
  };
  return {
    port: portOf(server),
    attempts,
    get open() {
      return pairs.size;
    },
    silence() {
      state = 'silent';
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream);
        upstream.unpipe(client);
      }
    },
    cut,
    refuse() {
      state = 'refusing';
      cut();
    },
    recover() {
      state = 'open';
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @returns the port of a server that listens */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return address.port;
}
