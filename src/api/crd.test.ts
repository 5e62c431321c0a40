import { expect, test } from 'vitest';
import { z } from 'zod';
import { buildCrds } from './crd.ts';

interface Schema {
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly items?: Schema | undefined;
  readonly additionalProperties?: Schema | undefined;
}
const Schema: z.ZodType<Schema> = z.looseObject({
  description: z.string().optional(),
  get properties() {
    return z.record(z.string(), Schema).optional();
  },
  get items() {
    return Schema.optional();
  },
  get additionalProperties() {
    return Schema.optional();
  },
});
const Crd = z.looseObject({
  spec: z.looseObject({
    names: z.looseObject({ kind: z.string() }),
    versions: z.tuple([z.looseObject({ schema: z.looseObject({ openAPIV3Schema: Schema }) })]),
  }),
});

/** The API server describes these itself. */
const TYPE_FIELDS = ['apiVersion', 'kind', 'metadata'];

function* undescribed({ properties, items, additionalProperties }: Schema, path: string): Generator<string> {
  for (const [name, property] of Object.entries(properties ?? {})) {
    const place = `${path}.${name}`;
    if (!property.description && !TYPE_FIELDS.some((field) => place === `.${field}`)) yield place;
    yield* undescribed(property, place);
  }
  if (items) yield* undescribed(items, `${path}[]`);
  if (additionalProperties) yield* undescribed(additionalProperties, `${path}{}`);
}

test.for(buildCrds().map((crd) => Crd.parse(crd).spec))('kubectl explain tells every field of $names.kind', (spec) => {
  const [{ schema }] = spec.versions;
  expect([...undescribed(schema.openAPIV3Schema, '')]).toEqual([]);
});
