import { dirname, join } from 'node:path';
import { z } from 'zod';
import { API_VERSION, Approvers, Metadata, ModelVersion, ModelVersionSpec, Stage, VERDICTS } from '../../api/index.ts';
import { VerifiedFacts } from '../../decision/index.ts';
import { CliError } from '../cli-error.ts';
import { loadManifests, type Manifest, parseManifest } from '../load-manifests.ts';

const TEXTS_ADVICE = 'write a list of texts, all of them in any order, or {contains: […]} with parts of them';

/** All of the texts in any order, or parts of some of them. */
const ExpectedTexts = z.union([z.array(z.string()), z.strictObject({ contains: z.array(z.string()).min(1) })], {
  error: TEXTS_ADVICE,
});
export type ExpectedTexts = z.infer<typeof ExpectedTexts>;

const Expected = z.strictObject({
  outcome: z.enum(['Approved', 'Pending', 'Rejected', 'Error']),
  by: z.enum(['Policy', 'People']).optional(),
  /** The stage in effect afterwards. */
  stage: Stage.optional(),
  reasons: ExpectedTexts.optional(),
  warnings: ExpectedTexts.optional(),
  /** All of them, in any order; of each what is given is compared. */
  requirements: z
    .array(
      z.strictObject({
        approvers: Approvers.optional(),
        count: z.number().int().min(1).optional(),
        reason: z.string().optional(),
      }),
    )
    .optional(),
});
export type Expected = z.infer<typeof Expected>;

const Person = {
  user: z.string().min(1),
  groups: z.array(z.string(), 'groups is a list, always: write groups: [ml-leads]').default([]),
};

const Approval = z.strictObject({
  ...Person,
  verdict: z.enum(VERDICTS).default('approve'),
  reason: z.string().min(1).default('as the case says'),
});

const CaseFields = z.strictObject({
  name: z.string().min(1),
  /** Parsed on its own, for errors of their own: a path, or a version. */
  modelVersion: z.unknown().optional(),
  champion: z.unknown().optional(),
  namespace: z
    .strictObject({
      name: z.string().min(1).optional(),
      labels: z.record(z.string(), z.string('a label is a string: put it in quotes')).default({}),
    })
    .default({ labels: {} }),
  submitter: z.strictObject(Person).nullable().default(null),
  verified: VerifiedFacts.default({}),
  now: z.iso.datetime({ offset: true, error: 'write a time such as 2026-01-02T03:04:05Z' }).optional(),
  /** In place of those of the policy that bear the same names. */
  parameters: z.record(z.string(), z.unknown()).default({}),
  /** What people decide, one after the other. */
  approvals: z.array(Approval).default([]),
  expect: Expected,
});

/** One version and what the policy must make of it. */
export interface PolicyCase extends Omit<z.infer<typeof CaseFields>, 'modelVersion' | 'champion' | 'now'> {
  readonly modelVersion: ModelVersion;
  readonly champion: ModelVersion | null;
  readonly now: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

const CaseFile = z.strictObject({ cases: z.array(z.unknown()).min(1, 'give at least one case') });

/** Where a case does not say another time. */
const SOME_TIME = '2026-01-02T03:04:05.000Z';

/**
 * Reads a file of cases: `{cases: [{name, modelVersion, …, expect}]}`.
 *
 * @throws CliError with the place of every field that does not fit
 */
export function loadCases(file: string): readonly PolicyCase[] {
  return loadManifests([file]).flatMap((manifest) => {
    const { cases } = parseManifest(manifest, CaseFile);
    const loaded = cases.map((value, index) => attempt(() => loadCase(file, below(manifest, value, ['cases', index]))));
    const problems = loaded.flatMap((result) => ('problems' in result ? result.problems : []));
    if (problems.length > 0) throw new CliError(problems);
    return loaded.flatMap((result) => ('value' in result ? [result.value] : []));
  });
}

function loadCase(file: string, manifest: Manifest): PolicyCase {
  const { modelVersion, champion, now = SOME_TIME, ...fields } = parseManifest(manifest, CaseFields);
  const version = loadVersion(file, below(manifest, modelVersion, ['modelVersion']));
  const namespace = fields.namespace.name ?? version.metadata.namespace;
  const placed = namespace === undefined ? version : { ...version, metadata: { ...version.metadata, namespace } };
  const [, line = '1'] = /:(\d+):\d+$/.exec(manifest.locate(['name'])) ?? [];
  return {
    ...fields,
    modelVersion: placed,
    champion:
      champion === undefined || champion === null
        ? null
        : holdStage(loadVersion(file, below(manifest, champion, ['champion'])), placed),
    now: new Date(now).toISOString(),
    file,
    line: Number(line),
  };
}

const InlineVersion = z.strictObject({
  apiVersion: z.literal(API_VERSION).optional(),
  kind: z.literal('ModelVersion').optional(),
  metadata: Metadata.partial({ name: true }).optional(),
  spec: ModelVersionSpec,
  status: z.looseObject({ stage: Stage.optional() }).optional(),
});

/** A path is one as seen from the file of cases. */
function loadVersion(file: string, manifest: Manifest): ModelVersion {
  const { value } = manifest;
  if (typeof value === 'string') {
    const [version, ...others] = loadManifests([join(dirname(file), value)]);
    if (!version || others.length > 0)
      throw new CliError([`${manifest.locate([])}: ${value} must hold one ModelVersion`]);
    return parseManifest(version, ModelVersion);
  }
  if (typeof value !== 'object' || value === null)
    throw new CliError([
      `${manifest.locate([])}: write the path of a ModelVersion, or {spec: {model: …, version: "…", stage: …}}`,
    ]);
  const { metadata, spec, status } = parseManifest(manifest, InlineVersion);
  const name = metadata?.name ?? `${spec.model}-${spec.version}`;
  return {
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata: { ...metadata, name },
    spec,
    ...(status?.stage ? { status: { stage: status.stage } } : {}),
  };
}

/** A champion is who holds the stage that the version asks for. */
function holdStage(champion: ModelVersion, { metadata, spec }: ModelVersion): ModelVersion {
  const { namespace } = metadata;
  return {
    ...champion,
    metadata: { ...champion.metadata, ...(namespace === undefined ? {} : { namespace }) },
    status: { stage: spec.stage },
  };
}

function below(manifest: Manifest, value: unknown, path: readonly PropertyKey[]): Manifest {
  return { kind: '', value, locate: (rest) => manifest.locate([...path, ...rest]) };
}

type Attempt = { readonly value: PolicyCase } | { readonly problems: readonly string[] };

/** So that the problems of all cases are told at once. */
function attempt(load: () => PolicyCase): Attempt {
  try {
    return { value: load() };
  } catch (error) {
    if (error instanceof CliError) return { problems: error.problems };
    throw error;
  }
}
