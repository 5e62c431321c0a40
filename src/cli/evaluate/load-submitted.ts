import { z } from 'zod';
import { ModelVersion, SubmittedMetadata } from '../../api/index.ts';
import { CliError } from '../cli-error.ts';
import { type Manifest, parseManifest } from '../load-manifests.ts';

/** What a user gives to be decided. */
export interface Submitted {
  readonly versions: readonly ModelVersion[];
  /** Labels by namespace. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

const SubmittedVersion = ModelVersion.extend({ metadata: SubmittedMetadata });

const Namespace = z.looseObject({
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
});

/**
 * Every problem of every file at once: a user repairs them in one go.
 *
 * @param files names what was read, for messages
 * @throws CliError
 */
export function loadSubmitted(files: readonly string[], manifests: readonly Manifest[]): Submitted {
  const problems: string[] = [];
  const versions: ModelVersion[] = [];
  const namespaces = new Map<string, Readonly<Record<string, string>>>();
  for (const manifest of manifests) {
    try {
      if (manifest.kind === 'ModelVersion') versions.push(parseManifest(manifest, SubmittedVersion));
      else if (manifest.kind === 'Namespace') {
        const { name, labels } = parseManifest(manifest, Namespace).metadata;
        namespaces.set(name, labels);
      } else
        problems.push(`${manifest.locate(['kind'])}: kind is ${manifest.kind || 'missing'}; write kind: ModelVersion`);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length === 0 && versions.length === 0) problems.push(`${files.join(', ')}: no ModelVersion found`);
  if (problems.length > 0) throw new CliError(problems);
  return { versions, namespaces };
}
