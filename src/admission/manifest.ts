/** A Kubernetes object as it is sent to the API server. */
export type Manifest = { readonly apiVersion: string; readonly kind: string } & Record<string, unknown>;

/** A value, or the Helm expression that gives it in the chart. */
export type Templated<Value> = Value | `{{ ${string} }}`;

const COMMON_LABELS = { 'app.kubernetes.io/name': 'assent' } as const;

/** @returns the metadata of one of our manifests. */
export function buildMetadata(
  name: string,
  { namespace, labels }: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): Record<string, unknown> {
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: { ...COMMON_LABELS, ...labels } };
}
