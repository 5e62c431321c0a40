import { z } from 'zod';
import { Duration } from './duration.ts';
import { type CelRule, inCrd } from './rule.ts';

const name = z.string().min(1).max(253);
const namespace = name
  .optional()
  .describe("Of a ClusterApprovalPolicy alone; an ApprovalPolicy reads its own namespace's objects.");

const secretName = name.describe("The Secret's name.");

const SecretRef = z.strictObject({ name: secretName, namespace });

/** An RSA, P-256, P-384, P-521 or Ed25519 key; the kind of the key says by which algorithm it is used. */
const PublicKey = z.string().max(8192).describe('A public key in PEM.');

const KEY_RULE: CelRule = {
  rule: 'has(self.publicKey) != has(self.secretRef)',
  message: 'a key is a publicKey or a secretRef',
};

const BundleKey = inCrd(
  z
    .strictObject({
      publicKey: PublicKey.optional(),
      secretRef: z
        .strictObject({ name: secretName, namespace, key: name.describe('The entry that holds it.') })
        .optional()
        .describe('A shared secret, for HS256.'),
    })
    .refine(({ publicKey, secretRef }) => (publicKey === undefined) !== (secretRef === undefined), KEY_RULE.message),
  {
    'x-kubernetes-validations': [KEY_RULE],
  },
);

const keys = <Key extends z.ZodType>(key: Key) => z.array(key).min(1).max(16).describe('One of them must have signed.');

const Verify = inCrd(
  z
    .strictObject({
      bundle: z
        .strictObject({
          keys: keys(BundleKey),
          scope: z.string().max(253).optional().describe('The scope that the signature must name.'),
        })
        .optional()
        .describe("OPA's .signatures.json within the bundle."),
      cosign: z
        .strictObject({ keys: keys(z.strictObject({ publicKey: PublicKey })) })
        .optional()
        .describe('A cosign signature beside the bundle in its registry.'),
    })
    .refine(
      ({ bundle, cosign }) => bundle !== undefined || cosign !== undefined,
      'verify names bundle, cosign or both',
    ),
  { description: 'Whose signatures the bundle needs; all that are named must hold.', minProperties: 1 },
);

const RULES: readonly CelRule[] = [
  {
    rule: '[has(self.oci), has(self.http), has(self.configMap)].exists_one(given, given)',
    message: 'a bundle comes from exactly one of oci, http and configMap',
  },
  {
    rule: "has(self.configMap) || has(self.digest) || has(self.verify) || (has(self.oci) && self.oci.contains('@sha256:'))",
    message: 'a bundle from a registry or a server needs digest or verify: else whoever writes there decides',
  },
  {
    rule: '!has(self.verify) || !has(self.verify.cosign) || has(self.oci)',
    message: 'verify.cosign is for bundles from oci; of others, verify.bundle checks the signature within',
  },
];

/** Where a policy's rules come from, if they do not stand in the policy, and when they are believed. */
export const PolicyBundle = inCrd(
  z.strictObject({
    oci: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('In an OCI registry: HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:….'),
    http: z.string().min(1).max(2048).optional().describe('On a server: https://HOST/PATH of a tar.gz.'),
    configMap: z
      .strictObject({
        name: name.describe("The ConfigMap's name."),
        namespace,
        key: name.optional().describe('The entry that is a tar.gz; without it all entries are files of the bundle.'),
      })
      .optional()
      .describe('In a ConfigMap.'),
    digest: inCrd(
      z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/, 'a digest reads sha256: and 64 hexadecimal digits')
        .optional()
        .describe(
          'SHA-256 of the manifest in a registry, else of the bundle; status.bundle.digest is the one in force.',
        ),
      { maxLength: 71 },
    ),
    verify: Verify.optional(),
    interval: Duration.optional().describe('How often it is asked for; 5m where it is left out, 1s at least.'),
    auth: z
      .strictObject({ secretRef: SecretRef.describe('Which Secret.') })
      .optional()
      .describe('A Secret with credentials, which says itself to which host they may be sent.'),
    caBundle: z.string().max(65536).optional().describe("Authorities in PEM that sign the server's certificate."),
  }),
  { description: "The policy's rules, in an OPA bundle.", 'x-kubernetes-validations': RULES },
);
export type PolicyBundle = z.infer<typeof PolicyBundle>;

/** Where the kind of the policy stands: its references name a namespace, or must not. */
export type PolicyScope = 'Namespaced' | 'Cluster';

const REFERENCE_RULES: Readonly<Record<PolicyScope, CelRule>> = {
  Namespaced: {
    rule: referenceRule('!'),
    message: "an ApprovalPolicy reads Secrets and ConfigMaps of its own namespace: leave bundle's namespace out",
  },
  Cluster: {
    rule: referenceRule(''),
    message: 'a ClusterApprovalPolicy has no namespace: name that of each ConfigMap and Secret in bundle',
  },
};

/** What the API server checks of `modules` and `bundle` together, in a spec of this scope. */
export function sourceRules(scope: PolicyScope): readonly CelRule[] {
  return [
    {
      rule: 'has(self.modules) || has(self.bundle)',
      message:
        'the policy has neither modules nor a bundle: `assent policy render FOLDER` prints it with the .rego files beside it',
    },
    {
      rule: '!has(self.modules) || !has(self.bundle)',
      message: 'the policy has modules and a bundle: leave one of them out',
    },
    REFERENCE_RULES[scope],
  ];
}

/** @returns the first of these rules that does not hold; null where all do */
export function checkSource(
  { modules, bundle }: { readonly modules?: unknown; readonly bundle?: PolicyBundle | undefined },
  scope: PolicyScope,
): string | null {
  const [some, one, references] = sourceRules(scope);
  if (!bundle) return modules === undefined ? (some?.message ?? null) : null;
  if (modules !== undefined) return one?.message ?? null;
  const { oci, http, configMap, digest, verify, auth } = bundle;
  const [source, trust, cosign] = RULES;
  if ([oci, http, configMap].filter((given) => given !== undefined).length !== 1) return source?.message ?? null;
  if (!configMap && !digest && !verify && !oci?.includes('@sha256:')) return trust?.message ?? null;
  if (verify?.cosign && oci === undefined) return cosign?.message ?? null;
  const named = [configMap, auth?.secretRef, ...(verify?.bundle?.keys ?? []).map(({ secretRef }) => secretRef)];
  const fits = named.every((ref) => !ref || (ref.namespace !== undefined) === (scope === 'Cluster'));
  return fits ? null : (references?.message ?? null);
}

function referenceRule(negation: '!' | ''): string {
  const bundle = 'self.bundle';
  return [
    `!has(${bundle}) || (`,
    `(!has(${bundle}.configMap) || ${negation}has(${bundle}.configMap.namespace))`,
    ` && (!has(${bundle}.auth) || ${negation}has(${bundle}.auth.secretRef.namespace))`,
    ` && (!has(${bundle}.verify) || !has(${bundle}.verify.bundle) || ${bundle}.verify.bundle.keys.all(key,`,
    ` !has(key.secretRef) || ${negation}has(key.secretRef.namespace))))`,
  ].join('');
}
