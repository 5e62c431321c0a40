import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import {
  type BundleFiles,
  MANIFEST_FILE,
  readBundle,
  signBundle,
  WASM_FILE,
  writeArchive,
} from '../../../distribution/index.ts';
import { type CompiledPolicy, createCompiler } from '../../../rego/index.ts';
import { CliError } from '../../cli-error.ts';
import { regoPaths } from '../../rego-paths.ts';
import { describeArchive } from './describe-archive.ts';
import { findLeftOut } from './find-left-out.ts';
import { readBundleFolder } from './read-bundle-folder.ts';
import { addSigningOptions, readSigning, type SigningOptions } from './signing-options.ts';

interface BuildOptions extends SigningOptions {
  readonly output: string;
  readonly revision: string;
  readonly wasm?: true;
  readonly key?: string;
}

export function buildBuildCommand(): Command {
  const command = new Command('build')
    .summary('make a bundle of a folder')
    .description(
      'Makes an OPA bundle of the Rego modules and data files of a folder, after it has compiled them. ' +
        'Test modules are left out. The same folder gives the same bytes.',
    )
    .argument('<folder>', 'holds .rego, data.json or data.yaml, and folders of them')
    .option('-o, --output <file>', 'the bundle', 'bundle.tar.gz')
    .option('--revision <text>', 'what the manifest says of its version', '')
    .option('--wasm', 'put the compiled policy in: nobody needs a compiler to use it')
    .option('--key <file>', 'sign with this private key in PEM, as assent policy bundle sign does');
  return addSigningOptions(command).action(build);
}

async function build(folder: string, options: BuildOptions): Promise<void> {
  const { output, revision, wasm = false, key } = options;
  const sources = readBundleFolder(folder);
  const policy = await compile(folder, sources);
  const files = withManifest(sources, { revision, wasm: wasm ? policy.wasm : null });
  const signed = key === undefined ? files : await signBundle(files, readSigning(key, options));
  const archive = await writeArchive(signed);
  writeFileSync(output, archive);
  console.log(describeArchive(output, archive));
  const leftOut = findLeftOut(folder, readBundle(sources).data);
  if (leftOut !== null) console.error(leftOut);
}

async function compile(folder: string, files: BundleFiles): Promise<CompiledPolicy> {
  const { modules } = readBundle(files);
  await using compiler = createCompiler(regoPaths());
  const result = await compiler.compile(modules);
  if (result.kind === 'compiled') return result.policy;
  throw new CliError(
    result.errors.map(
      ({ file, line, column, code, message }) => `${folder}/${file}:${line}:${column}: ${code}: ${message}`,
    ),
  );
}

function withManifest(
  files: BundleFiles,
  { revision, wasm }: { readonly revision: string; readonly wasm: Uint8Array | null },
): BundleFiles {
  const manifest = {
    revision,
    roots: [''],
    ...(wasm ? { wasm: [{ entrypoint: 'approval', module: `/${WASM_FILE}` }] } : {}),
    rego_version: 1,
  };
  return new Map([
    ...files,
    ...(wasm ? [[WASM_FILE, Buffer.from(wasm)] as const] : []),
    [MANIFEST_FILE, Buffer.from(JSON.stringify(manifest))],
  ]);
}
