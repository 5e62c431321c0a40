import type { KeyObject } from 'node:crypto';
import { statSync } from 'node:fs';
import { Command } from 'commander';
import { DEFAULT_NAMESPACE } from '../../admission/index.ts';
import { listProblems, ModelVersion, renderProblem } from '../../api/index.ts';
import {
  type Misfit,
  verifyRecord,
  verifyRecordSignature,
  verifySignature,
  verifyStatus,
} from '../../decision/index.ts';
import { CliError } from '../cli-error.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { EXIT, type ExitCode, renderExitCodes } from '../exit-code.ts';
import { parseManifest, parseManifests } from '../load-manifests.ts';
import { printable } from '../printable.ts';
import { readStored } from '../read-version.ts';
import { parseVersion } from '../stored-version.ts';
import { locateVersion, parseVersionName } from '../version-name.ts';
import { loadPublicKeys, readPublicKeys } from './load-public-keys.ts';
import { holdsRecords, type LoadedRecord, parseRecords, readText } from './load-records.ts';

interface VerifyOptions extends NamespaceOptions {
  readonly signature?: true;
  readonly publicKey?: readonly string[];
  readonly operatorNamespace: string;
}

/** One thing that was checked. */
interface Verified {
  readonly title: string;
  readonly misfit: Misfit | null;
  /** `unasked`: nobody wanted signatures checked. */
  readonly signature?: 'holds' | 'none' | 'unasked';
  /** What was masked in a record: whether the rest was changed, nobody can say. */
  readonly masked?: readonly string[];
}

export function buildVerifyCommand(exit: (code: ExitCode) => void): Command {
  return addNamespaceOptions(
    new Command('verify')
      .summary('check that a version or a record was not changed afterwards')
      .description(
        'Checks the chain of the history, every digest, and what approvals are bound to, and names the first entry that does not fit. ' +
          'The target is the name of a ModelVersion, a file with ModelVersions as kubectl prints them, a file with records, or - for standard input.',
      )
      .argument('<target>', 'name of a ModelVersion, or a file')
      .option('--signature', "check the operator's signature as well")
      .option('--public-key <file...>', 'public keys in PEM (default: those that the cluster publishes)')
      .option('--operator-namespace <name>', "the operator's namespace, where the keys lie", DEFAULT_NAMESPACE)
      .addHelpText('after', renderExitCodes('verify')),
  ).action(async (target: string, options: VerifyOptions) => exit(await verify(target, options)));
}

async function verify(target: string, options: VerifyOptions): Promise<ExitCode> {
  const keys = await findKeys(options);
  const verified = namesFile(target)
    ? verifyFile(target, keys)
    : [await verifyStored(parseVersionName(target), options, keys)];
  if (verified.length === 0) throw new CliError([`${target}: holds neither ModelVersions nor records`]);
  for (const one of verified) console.log(`${one.title}: ${render(one)}`);
  if (verified.some(({ misfit }) => misfit)) return EXIT.rejected;
  return verified.some(({ masked }) => masked) ? EXIT.error : EXIT.approved;
}

/** Neither a folder of a version's name nor what lies in one called mv hides the version. */
function namesFile(target: string): boolean {
  if (target === '-') return true;
  if (parseVersionName(target) !== target) return false;
  const found = statSync(target, { throwIfNoEntry: false });
  if (found?.isDirectory() && target.includes('/'))
    throw new CliError([`${target} is a folder: give a file in it, or the name of a ModelVersion`]);
  if (!found && target.includes('/')) throw new CliError([`${target}: no such file`]);
  return found !== undefined && !found.isDirectory();
}

const SIGNATURES = { holds: ', signature holds', none: ', not signed', unasked: '' } as const;

function render({ misfit, masked, signature = 'unasked' }: Verified): string {
  if (masked) return `cannot be checked: the record was masked: ${masked.map(printable).join(', ')}`;
  return misfit ? `${misfit.entry}: ${printable(misfit.problem)}` : `fits${SIGNATURES[signature]}`;
}

/** @returns null where signatures are not asked for. */
async function findKeys(options: VerifyOptions): Promise<ReadonlyMap<string, KeyObject> | null> {
  if (options.publicKey) return loadPublicKeys(options.publicKey);
  if (!options.signature) return null;
  await using cluster = openCluster(options);
  return readPublicKeys(cluster, options.operatorNamespace);
}

function verifyFile(path: string, keys: ReadonlyMap<string, KeyObject> | null): readonly Verified[] {
  const text = readText(path);
  if (holdsRecords(text)) return parseRecords(path, text).map((loaded) => verifyLoaded(loaded, keys));
  return parseManifests(path, text).flatMap((manifest) =>
    manifest.kind === 'ModelVersion' ? [verifyVersion(parseManifest(manifest, ModelVersion), keys)] : [],
  );
}

async function verifyStored(
  name: string,
  options: VerifyOptions,
  keys: ReadonlyMap<string, KeyObject> | null,
): Promise<Verified> {
  await using cluster = openCluster(options);
  const where = locateVersion(cluster, name, options);
  const stored = await readStored(cluster, where);
  // Says what to do about a version that this program cannot even show.
  parseVersion(stored);
  const found = ModelVersion.safeParse(stored);
  if (found.success) return verifyVersion(found.data, keys);
  throw new CliError(
    listProblems(found.error).map((problem) => `${where.namespace}/${where.name}: ${renderProblem(problem)}`),
  );
}

function verifyVersion(version: ModelVersion, keys: ReadonlyMap<string, KeyObject> | null): Verified {
  const { name, namespace = 'default' } = version.metadata;
  const misfit = verifyStatus(version) ?? (keys && verifySignature(version, keys));
  return { title: `${namespace}/${name}`, misfit, signature: keys ? 'holds' : 'unasked' };
}

function verifyLoaded({ place, record }: LoadedRecord, keys: ReadonlyMap<string, KeyObject> | null): Verified {
  if (record.masked) return { title: place, misfit: null, masked: record.masked };
  // Only what is final is signed, and a move that follows from it is not signed again.
  const signed = record.kind === 'Decision' && record.attestation !== undefined;
  return {
    title: place,
    misfit: verifyRecord(record) ?? (keys && signed ? verifyRecordSignature(record, keys) : null),
    signature: !keys ? 'unasked' : signed ? 'holds' : 'none',
  };
}
