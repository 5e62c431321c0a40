import { GUARDED_ANNOTATIONS } from '../api/index.ts';
import { type CelValidation, type CelVariable, celLines, celList, celString } from './cel.ts';

/** Something of the metadata that whoever edits an object may make as large as they like. */
interface Measure {
  readonly name: string;
  /** In CEL: its size, of the metadata in the variable of that name. */
  readonly size: (metadata: string) => string;
  readonly most: number;
  readonly message: string;
}

const MAX_LABELS = 128;
const MAX_ANNOTATIONS = 512;
const MAX_FINALIZERS = 32;
const MAX_OWNER_CHARACTERS = 16 * 1024;
const MAX_GENERATE_NAME = 253;
const MAX_ESCAPED_CHARACTERS = 32 * 1024;

/** What an owner takes beside its texts. */
const OWNER_CHARACTERS = 64;
/** What the API server stores as six bytes each, and other characters as two at the most. */
const ESCAPED = String.raw`[<>&\x00-\x08\x0b\x0c\x0e-\x1f]`;
/** In CEL. They are bounded already, and a revocation must pass whatever else stands there. */
const GUARDED = celList(GUARDED_ANNOTATIONS);

/**
 * etcd takes 1.5 MiB. The spec has 512 KiB at the most, Kubernetes itself lets annotations have 256 KiB, and drops
 * managedFields where there is no room for them. What is bounded here are the rest.
 */
const MEASURES: readonly Measure[] = [
  {
    name: 'labels',
    size: (metadata) => `${metadata}.?labels.orValue({}).size()`,
    most: MAX_LABELS,
    message: `metadata.labels has at most ${MAX_LABELS} entries`,
  },
  {
    name: 'annotations',
    size: (metadata) =>
      celLines(
        `${metadata}.?annotations.orValue({}).size() -`,
        `${GUARDED}.filter(key, key in ${metadata}.?annotations.orValue({})).size()`,
      ),
    most: MAX_ANNOTATIONS,
    message: `metadata.annotations has at most ${MAX_ANNOTATIONS} entries`,
  },
  {
    name: 'escaped',
    // Each look costs by the length: what has too many entries is not looked into.
    size: (metadata) =>
      celLines(
        `(${metadata}.?annotations.orValue({}).size() > ${MAX_ANNOTATIONS + GUARDED_ANNOTATIONS.length} ? [] : ${metadata}.?annotations.orValue({})`,
        `  .filter(key, !(key in ${GUARDED}) && ${metadata}.annotations[key].matches(r'${ESCAPED}'))`,
        `  .map(key, ${metadata}.annotations[key].size())).sum()`,
      ),
    most: MAX_ESCAPED_CHARACTERS,
    message: `annotations that hold <, >, & or control characters, each of which is stored as six bytes, have at most ${MAX_ESCAPED_CHARACTERS / 1024} KiB together`,
  },
  {
    name: 'finalizers',
    size: (metadata) => `${metadata}.?finalizers.orValue([]).size()`,
    most: MAX_FINALIZERS,
    message: `metadata.finalizers has at most ${MAX_FINALIZERS} entries`,
  },
  {
    name: 'owners',
    size: (metadata) =>
      celLines(
        `${metadata}.?ownerReferences.orValue([]).map(owner, ${OWNER_CHARACTERS} +`,
        '  owner.apiVersion.size() + owner.kind.size() + owner.name.size() + owner.uid.size()).sum()',
      ),
    most: MAX_OWNER_CHARACTERS,
    message: `metadata.ownerReferences take at most ${MAX_OWNER_CHARACTERS / 1024} KiB`,
  },
  {
    name: 'generateName',
    size: (metadata) => `${metadata}.?generateName.orValue('').size()`,
    most: MAX_GENERATE_NAME,
    message: `metadata.generateName has at most ${MAX_GENERATE_NAME} characters`,
  },
];

export const ROOM_VARIABLES: readonly CelVariable[] = MEASURES.flatMap(({ name, size }) => [
  { name, expression: size('object.metadata') },
  { name: oldOf(name), expression: celLines('oldObject == null ? 0 :', size('oldObject.metadata')) },
]);

/**
 * The rules that leave room for a status, so that an editor cannot fill a version up and keep its revocation away. What
 * takes more already may still be changed, revoked and deleted, as long as it does not grow.
 */
export const ROOM_VALIDATIONS: readonly CelValidation[] = MEASURES.map(({ name, most, message }) => ({
  expression: `variables.${name} <= ${most} || variables.${name} <= variables.${oldOf(name)}`,
  message: `${message}: what is decided needs the room`,
  messageExpression: `${celString(`${message}, and here it would be `)} + string(variables.${name}) + ${celString(': what is decided needs the room')}`,
  reason: 'Invalid',
}));

function oldOf(name: string): string {
  return `old${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
