import { type GoCommand, runGo } from './go-command.ts';
import type { Report } from './progress.ts';

/** One `go build`. */
export interface GoBuild extends Omit<GoCommand, 'args'> {
  /** What is built, for people: "kube-apiserver, etcd and kubectl". */
  readonly title: string;
  /** What stands between `go build` and `-o`. */
  readonly flags: readonly string[];
  readonly output: string;
  readonly packages: readonly string[];
}

/**
 * Runs `go build`.
 *
 * @throws DevError with all of Go's messages where it fails, or with what to install where there is no `go`
 */
export async function goBuild({ flags, output, packages, ...build }: GoBuild, report: Report): Promise<void> {
  const args = ['build', ...flags, '-o', output, ...packages];
  await runGo({ ...build, title: `Building ${build.title}`, args }, report);
}
