import { MlflowRefusal } from './mlflow-refusal.ts';

/** MLflow's calls that change what is served, or what Assent wrote beside it. */
export type GatedEndpoint =
  | 'transition-stage'
  | 'set-alias'
  | 'delete-alias'
  | 'delete-version'
  | 'delete-model'
  | 'rename-model'
  | 'create-version'
  | 'set-tag'
  | 'delete-tag';

export interface GatedCall {
  readonly endpoint: GatedEndpoint;
  /** The path without a query, which none of these calls reads. */
  readonly path: string;
}

type Methods = Readonly<Partial<Record<'POST' | 'DELETE', GatedEndpoint>>>;

/** By what follows `mlflow` in the path (mlflow/protos/model_registry.proto). */
const ENDPOINTS: ReadonlyMap<string, Methods> = new Map<string, Methods>([
  ['model-versions/transition-stage', { POST: 'transition-stage' }],
  ['registered-models/alias', { POST: 'set-alias', DELETE: 'delete-alias' }],
  ['model-versions/delete', { DELETE: 'delete-version' }],
  ['registered-models/delete', { DELETE: 'delete-model' }],
  ['registered-models/rename', { POST: 'rename-model' }],
  ['model-versions/create', { POST: 'create-version' }],
  ['model-versions/set-tag', { POST: 'set-tag' }],
  ['model-versions/delete-tag', { DELETE: 'delete-tag' }],
]);

const READS = ['GET', 'HEAD', 'OPTIONS'];
/** A static prefix may come before it. Nothing in it is encoded, and no segment is empty or of dots. */
const PLAIN =
  /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*\/(?:ajax-)?api\/\d\.\d\/(?:preview\/)?mlflow\/([a-z-]+\/[a-z-]+)$/;

/**
 * Looks at a call as MLflow's router would, and as a proxy between might rewrite it: one that could reach a gated endpoint
 * and is not written plainly is refused, whatever it would come to.
 *
 * @param target the request line's, from the first slash on
 * @returns null where the call passes as it is
 * @throws MlflowRefusal
 */
export function findGatedCall(method: string, target: string): GatedCall | null {
  const [path = ''] = target.split(/[?#]/, 1);
  if (READS.includes(method)) return null;
  const reached = readings(path).find((reading) => ENDPOINTS.has(reading));
  if (reached === undefined) return null;
  const plain = PLAIN.exec(path)?.[1];
  const methods = ENDPOINTS.get(plain ?? '');
  if (!methods) throw new MlflowRefusal('INVALID_PARAMETER_VALUE', `write the path of this call plainly: …/${reached}`);
  const endpoint = method === 'POST' || method === 'DELETE' ? methods[method] : undefined;
  if (!endpoint)
    throw new MlflowRefusal('INVALID_PARAMETER_VALUE', `${method} is no method of ${plain}: see MLflow's REST API`);
  return { endpoint, path };
}

/** How often a path is decoded at most: each server on the way may do it once. */
const DECODINGS = 4;

/** @returns what may stand after `mlflow` in the path: dots left alone and dots resolved, of each decoding */
function readings(path: string): readonly string[] {
  const found: string[] = [];
  let text = path;
  for (let left = DECODINGS; left >= 0; left--) {
    const segments = text
      .toLowerCase()
      .split(/[/\\]/)
      // What follows a semicolon are parameters to some servers; spaces at an end are lost to others.
      .map((segment) => segment.replace(/;.*$/s, '').trim())
      .filter((segment) => segment !== '');
    found.push(afterMlflow(segments.filter((segment) => !/^\.+$/.test(segment))), afterMlflow(resolveDots(segments)));
    const decoded = decodeOnce(text);
    if (decoded === text) break;
    text = decoded.split(/[?#]/, 1)[0] ?? '';
    found.push(...(text === decoded ? [] : [afterMlflow(resolveDots(decoded.toLowerCase().split(/[/\\]/)))]));
  }
  return found;
}

function resolveDots(segments: readonly string[]): readonly string[] {
  const resolved: string[] = [];
  for (const segment of segments) {
    if (segment === '..') resolved.pop();
    else if (segment !== '.' && segment !== '') resolved.push(segment);
  }
  return resolved;
}

function afterMlflow(segments: readonly string[]): string {
  const [mlflow, ...rest] = segments.slice(-3);
  return mlflow === 'mlflow' ? rest.join('/') : '';
}

/** What is no UTF-8 stays as bytes: no ASCII comes of it. */
function decodeOnce(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
