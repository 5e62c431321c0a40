import { createHash } from 'node:crypto';

/** A label holds no more, and the deployment guard looks a version up by a label. */
const LONGEST = 63;
const DIGEST_DIGITS = 8;

/**
 * The name that a ModelVersion gets where nobody gives it one: `fraud-detector-7` for version 7 of `fraud-detector`.
 * What a Kubernetes name cannot hold is replaced, and a digest keeps two models apart that would be called the same.
 * Whoever finds an object of this name still compares `spec.model` and `spec.version`: a person may have chosen it.
 */
export function modelVersionName(model: string, version: string): string {
  const plain = `${model}-${version}`;
  const name = plain
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (name === plain && name.length <= LONGEST) return name;
  const digest = createHash('sha256')
    .update(JSON.stringify([model, version]))
    .digest('hex')
    .slice(0, DIGEST_DIGITS);
  const kept = name.slice(0, LONGEST - DIGEST_DIGITS - 1).replace(/-+$/, '');
  return kept === '' ? `model-${digest}` : `${kept}-${digest}`;
}
