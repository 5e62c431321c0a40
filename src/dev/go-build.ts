import { spawn } from 'node:child_process';
import { DevError } from './dev-error.ts';
import { type Report, reportWhileWaiting } from './progress.ts';

/** One `go build`. */
export interface GoBuild {
  /** What is built, for people: "kube-apiserver, etcd and kubectl". */
  readonly title: string;
  /** How long it takes when nothing is cached, for people: "about 4 minutes on 2 cores". */
  readonly coldDuration: string;
  /** What a machine without Go can do instead, as a sentence. */
  readonly withoutGo: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** What stands between `go build` and `-o`. */
  readonly flags: readonly string[];
  readonly output: string;
  readonly packages: readonly string[];
}

/**
 * Runs `go build`, with the user's own proxy, toolchain and cache settings.
 *
 * @throws DevError with all of Go's messages where it fails, or with what to install where there is no `go`
 */
export async function goBuild(build: GoBuild, report: Report): Promise<void> {
  using _progress = reportWhileWaiting(
    report,
    `Building ${build.title} with Go: ${build.coldDuration} the first time, seconds with a warm cache.`,
  );
  const { code, messages } = await runGo(build);
  if (code === 0) return;
  throw new DevError('BuildFailed', `Building ${build.title} failed (go build, in ${build.folder}):\n${messages}`);
}

function runGo(build: GoBuild): Promise<{ code: number; messages: string }> {
  return new Promise((resolve, reject) => {
    const go = spawn('go', ['build', ...build.flags, '-o', build.output, ...build.packages], {
      cwd: build.folder,
      // A go.work file above the checkout would otherwise decide which versions are built.
      env: { ...process.env, GOWORK: 'off', ...build.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let messages = '';
    go.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      messages += chunk;
    });
    go.on('error', (cause) => reject(toStartError(build, cause)));
    go.on('close', (code) => resolve({ code: code ?? 1, messages: withoutDownloads(messages) }));
  });
}

function toStartError(build: GoBuild, cause: NodeJS.ErrnoException): DevError {
  if (cause.code !== 'ENOENT')
    return new DevError('BuildFailed', `\`go\` could not be started: ${cause.message}`, { cause });
  return new DevError(
    'GoMissing',
    `${build.title} must be built, and there is no \`go\` on the PATH. Install Go (https://go.dev/dl/). ${build.withoutGo}`,
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
