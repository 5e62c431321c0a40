// What the gateway costs whoever only passes through it, side by side in one run against the same real MLflow:
//
//   node src/dev/bootstrap.mjs test/bench/gateway.ts [--reads 1000] [--seconds 10] [--gib 2]
//
// Reads alternate: one at MLflow itself, one through the gateway. Then both are asked by 16 at once. Then an artifact goes
// up and comes down through the gateway, whose resident memory is looked at all the while.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { startGatewayProcess } from '../e2e/gateway-process.ts';
import { createMlflowRest } from '../mlflow/mlflow-rest.ts';
import { startMlflowServer } from '../mlflow/mlflow-server.ts';
import { buildTheProgram } from './built-program.ts';
import { median, quantile } from './statistics.ts';

const ADDED_MS = 1.5;
const MEMORY_MIB = 150;
const IN_FLIGHT = 16;
const READ = '/api/2.0/mlflow/model-versions/get?name=bench&version=1';
const CHUNK = Buffer.alloc(1024 * 1024, 'assent');

const { values: options } = parseArgs({
  options: {
    reads: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '10' },
    gib: { type: 'string', default: '2' },
  },
});

const program = buildTheProgram();
const folder = await mkdtemp(join(tmpdir(), 'assent-gateway-bench-'));
const agent = new Agent({ keepAlive: true });
try {
  await using mlflow = await startMlflowServer(folder);
  const rest = createMlflowRest(mlflow.url);
  await rest.register('bench', 1, await rest.run(0.9));
  const kubeconfig = join(folder, 'nowhere.yaml');
  await writeFile(kubeconfig, renderNowhere());
  await using gateway = await startGatewayProcess(kubeconfig, mlflow.url, ['-n', 'default'], program);
  await measureReads(mlflow.url, gateway.url, Number(options.reads));
  await measureThroughput(mlflow.url, gateway.url, Number(options.seconds));
  await measureArtifact(gateway, Math.round(Number(options.gib) * 1024));
} finally {
  agent.destroy();
  await rm(folder, { recursive: true, force: true });
}

async function measureReads(direct: string, through: string, count: number): Promise<void> {
  const times = { direct: [] as number[], through: [] as number[] };
  for (let left = 50; left > 0; left--) for (const url of [direct, through]) await read(url);
  for (let left = count; left > 0; left--) {
    times.direct.push(await read(direct));
    times.through.push(await read(through));
  }
  const added = median(times.through) - median(times.direct);
  const show = (values: readonly number[]) =>
    `p50 ${median(values).toFixed(2)} ms, p99 ${quantile(values, 0.99).toFixed(2)} ms`;
  console.log(
    `${count} reads: without ${show(times.direct)}; through ${show(times.through)}; p50 ${added.toFixed(2)} ms more (aim: ${ADDED_MS})`,
  );
  if (!(added <= ADDED_MS)) process.exitCode = 1;
}

async function measureThroughput(direct: string, through: string, seconds: number): Promise<void> {
  const perSecond = async (url: string): Promise<number> => {
    const end = performance.now() + seconds * 1_000;
    let done = 0;
    const worker = async () => {
      for (; performance.now() < end; done++) await read(url);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return done / seconds;
  };
  const [before, passed, after] = [await perSecond(direct), await perSecond(through), await perSecond(direct)];
  const ratio = passed / ((before + after) / 2);
  console.log(
    `${IN_FLIGHT} at once: ${passed.toFixed(0)} reads/s through, ${before.toFixed(0)} and ${after.toFixed(0)} without before and after; ratio ${ratio.toFixed(2)}`,
  );
}

async function measureArtifact(gateway: { readonly url: string; readonly pid: number }, mib: number): Promise<void> {
  let most = await residentMib(gateway.pid);
  const before = most;
  const watch = setInterval(() => void residentMib(gateway.pid).then((now) => (most = Math.max(most, now))), 50);
  const path = '/api/2.0/mlflow-artifacts/artifacts/bench/model.bin';
  const sent = createHash('sha256');
  const began = performance.now();
  const up = request(`${gateway.url}${path}`, {
    agent,
    method: 'PUT',
    headers: { 'content-length': mib * CHUNK.length },
  });
  Readable.from(chunks(mib, sent)).pipe(up);
  await drain(await answerTo(up));
  const upSeconds = (performance.now() - began) / 1_000;
  const down = request(`${gateway.url}${path}`, { agent });
  down.end();
  const got = createHash('sha256');
  await drain(await answerTo(down), got);
  const downSeconds = (performance.now() - began) / 1_000 - upSeconds;
  clearInterval(watch);
  const same = sent.digest('hex') === got.digest('hex');
  console.log(
    `${mib} MiB: up in ${upSeconds.toFixed(1)} s, down in ${downSeconds.toFixed(1)} s, ${same ? 'the same' : 'OTHER'} bytes; ` +
      `resident ${before.toFixed(0)} MiB before, at most ${most.toFixed(0)} MiB (aim: ${MEMORY_MIB})`,
  );
  if (!same || !(most <= MEMORY_MIB)) process.exitCode = 1;
}

function* chunks(count: number, hash: ReturnType<typeof createHash>): Generator<Buffer> {
  for (let left = count; left > 0; left--) {
    hash.update(CHUNK);
    yield CHUNK;
  }
}

/** @returns milliseconds */
async function read(url: string): Promise<number> {
  const began = performance.now();
  const asked = request(`${url}${READ}`, { agent });
  asked.end();
  await drain(await answerTo(asked));
  return performance.now() - began;
}

async function answerTo(asked: ReturnType<typeof request>): Promise<IncomingMessage> {
  const [answer]: IncomingMessage[] = await once(asked, 'response');
  if (answer?.statusCode !== 200) throw new Error(`HTTP ${answer?.statusCode}`);
  return answer;
}

async function drain(answer: IncomingMessage, hash?: ReturnType<typeof createHash>): Promise<void> {
  for await (const chunk of answer) hash?.update(chunk);
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** What passes asks no cluster. */
function renderNowhere(): string {
  return `apiVersion: v1
kind: Config
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
current-context: nowhere
`;
}
