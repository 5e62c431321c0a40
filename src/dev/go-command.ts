import { spawn } from 'node:child_process';
import { DevError } from './dev-error.ts';
import { type Report, reportWhileWaiting } from './progress.ts';

/** One run of `go`. */
export interface GoCommand {
  /** For people: "Building kube-apiserver, etcd and kubectl". */
  readonly title: string;
  /** How long it takes when nothing is cached, for people: "about 4 minutes on 2 cores". */
  readonly coldDuration: string;
  /** What a machine without Go can do instead, as a sentence. */
  readonly withoutGo: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

/**
 * Runs `go`, with the user's own proxy, toolchain and cache settings.
 *
 * @throws DevError with all of Go's messages where it fails, or with what to install where there is no `go`
 */
export async function runGo(command: GoCommand, report: Report): Promise<void> {
  const { title, coldDuration, folder, args } = command;
  using _progress = reportWhileWaiting(
    report,
    `${title} with Go: ${coldDuration} the first time, seconds with a warm cache.`,
  );
  const { code, messages } = await start(command);
  if (code === 0) return;
  throw new DevError('GoFailed', `${title} failed (go ${args[0]}, in ${folder}):\n${messages}`);
}

function start(command: GoCommand): Promise<{ code: number; messages: string }> {
  const { folder, env, args } = command;
  return new Promise((resolve, reject) => {
    const go = spawn('go', args, {
      cwd: folder,
      // A go.work file above the checkout would otherwise decide which versions are built.
      env: { ...process.env, GOWORK: 'off', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let messages = '';
    // `go build` tells its errors on one of them, `go test` on the other.
    for (const output of [go.stdout, go.stderr])
      output.setEncoding('utf8').on('data', (chunk: string) => {
        messages += chunk;
      });
    go.on('error', (cause) => reject(toStartError(command, cause)));
    go.on('close', (code) => resolve({ code: code ?? 1, messages: withoutDownloads(messages) }));
  });
}

function toStartError({ title, withoutGo }: GoCommand, cause: NodeJS.ErrnoException): DevError {
  if (cause.code !== 'ENOENT')
    return new DevError('GoFailed', `\`go\` could not be started: ${cause.message}`, { cause });
  return new DevError(
    'GoMissing',
    `${title} needs Go, and there is no \`go\` on the PATH. Install Go (https://go.dev/dl/). ${withoutGo}`,
    { cause },
  );
}

// Hundreds of "go: downloading …" lines would hide the one that says what is wrong.
function withoutDownloads(messages: string): string {
  return messages
    .split('\n')
    .filter((line) => !line.startsWith('go: downloading '))
    .join('\n')
    .trimEnd();
}
