import { describe, expect, test } from 'vitest';
import { findGatedCall } from './gated-call.ts';

const STAGE = '/mlflow/model-versions/transition-stage';

describe('a gated call', () => {
  test.each([
    ['POST', '/api/2.0/mlflow/model-versions/transition-stage', 'transition-stage'],
    ['POST', '/ajax-api/2.0/mlflow/model-versions/transition-stage?x=y', 'transition-stage'],
    ['POST', '/under/a-prefix/api/2.0/mlflow/registered-models/alias', 'set-alias'],
    ['DELETE', '/api/2.0/mlflow/registered-models/alias', 'delete-alias'],
    ['DELETE', '/api/2.0/mlflow/model-versions/delete', 'delete-version'],
    ['DELETE', '/api/2.0/mlflow/registered-models/delete', 'delete-model'],
    ['POST', '/api/2.0/preview/mlflow/registered-models/rename', 'rename-model'],
    ['POST', '/api/2.0/mlflow/model-versions/create', 'create-version'],
    ['POST', '/api/2.0/mlflow/model-versions/set-tag', 'set-tag'],
    ['DELETE', '/api/2.0/mlflow/model-versions/delete-tag', 'delete-tag'],
  ])('%s %s is %s', (method, target, endpoint) => {
    expect(findGatedCall(method, target)?.endpoint).toBe(endpoint);
  });

  test.each([
    ['a slash more', `/api/2.0/${STAGE}`],
    ['a slash at the end', `/api/2.0${STAGE}/`],
    ['an encoded letter', '/api/2.0/mlflow/model-versions/%74ransition-stage'],
    ['a letter encoded twice', '/api/2.0/mlflow/model-versions/%2574ransition-stage'],
    ['an encoded slash', '/api/2.0/mlflow%2fmodel-versions/transition-stage'],
    ['dots', '/api/2.0/mlflow/x/../model-versions/transition-stage'],
    ['encoded dots', '/api/2.0/mlflow/x/%2e%2E/model-versions/transition-stage'],
    ['a dot', '/api/2.0/mlflow/./model-versions/transition-stage'],
    ['a backslash', '/api/2.0/mlflow/model-versions\\transition-stage'],
    ['parameters', '/api/2.0/mlflow/model-versions/transition-stage;v=1'],
    ['a space', '/api/2.0/mlflow/model-versions/transition-stage%20'],
    ['an encoded question mark', '/api/2.0/mlflow/model-versions/transition-stage%3fx'],
    ['capitals', '/API/2.0/MLflow/Model-Versions/transition-stage'],
    ['another root', '/elsewhere/mlflow/model-versions/transition-stage'],
  ])('with %s is refused: it is to be written plainly', (_, target) => {
    expect(() => findGatedCall('POST', target)).toThrow('write the path of this call plainly');
  });

  test('with a method that MLflow does not know is refused', () => {
    expect(() => findGatedCall('PUT', `/api/2.0${STAGE}`)).toThrow('PUT is no method of');
  });
});

test.each([
  ['GET', '/api/2.0/mlflow/registered-models/alias?name=a&alias=champion'],
  ['POST', '/api/2.0/mlflow/runs/create'],
  ['GET', '/api/2.0/mlflow/model-versions/search?filter=transition-stage'],
  ['PUT', '/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/model-versions/delete'],
  ['POST', '/graphql'],
  ['PUT', '/api/2.0/mlflow-artifacts/artifacts/100%25/gr%C3%B6%C3%9Fe'],
])('%s %s passes', (method, target) => {
  expect(findGatedCall(method, target)).toBeNull();
});
