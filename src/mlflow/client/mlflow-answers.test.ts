import { expect, it } from 'vitest';
import { RunFound } from './mlflow-answers.ts';

it('of a run all is left out that could not be read again from the record of a decision', () => {
  const run = {
    data: {
      metrics: ['__proto__', 'accuracy'].map((key) => ({ key, value: 0.5, timestamp: 1 })),
      params: ['__proto__', 'depth'].map((key) => ({ key, value: '6' })),
    },
    info: {},
  };
  expect(JSON.parse(JSON.stringify(RunFound.parse({ run }).run))).toEqual({
    metrics: { accuracy: 0.5 },
    params: { depth: '6' },
    tags: {},
    deleted: false,
  });
});
