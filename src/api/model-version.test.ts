import { describe, expect, it } from 'vitest';
import { API_VERSION, ModelVersion } from './index.ts';

const valid = {
  apiVersion: API_VERSION,
  kind: 'ModelVersion',
  metadata: { name: 'fraud-7' },
  spec: { model: 'fraud', version: '7', stage: 'Production', metrics: { accuracy: 0.93 } },
};

function messagesFor(spec: Record<string, unknown>): readonly string[] {
  const { error } = ModelVersion.safeParse({ ...valid, spec: { ...valid.spec, ...spec } });
  return error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
}

describe('a ModelVersion checked offline', () => {
  it('is accepted as the quickstart writes it', () => {
    expect(messagesFor({})).toEqual([]);
  });

  it('that asks for stage Rejected is told that Archived is the stage', () => {
    expect(messagesFor({ stage: 'Rejected' })).toEqual([expect.stringContaining('stage: Archived')]);
  });

  it('that asks for an unknown stage is told the four that there are', () => {
    expect(messagesFor({ stage: 'production' })).toEqual([
      'spec.stage: the stage must be one of None, Staging, Production, Archived',
    ]);
  });

  it('with a plain string for approvers is shown the list form', () => {
    expect(messagesFor({ approvers: 'bob' })).toEqual([expect.stringContaining("approvers: ['bob']")]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '0.93'])('with the metric %s is refused', (accuracy) => {
    expect(messagesFor({ metrics: { accuracy } })).toEqual(['spec.metrics.accuracy: a metric is a finite number']);
  });

  it.each(['metrics', 'parameters'])('with an entry of %s that nothing would read is refused', (field) => {
    const values = JSON.parse('{"__proto__": 1, "accuracy": 2}');
    expect(messagesFor({ [field]: values })).toContainEqual(
      `spec.${field}.__proto__: no entry can be called __proto__: nothing would read it`,
    );
  });

  it('with a misspelt field is refused, not read without it', () => {
    expect(messagesFor({ metrcs: { accuracy: 0.93 } })).toEqual([expect.stringContaining('metrcs')]);
  });
});
