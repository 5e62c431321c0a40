import { expect, test } from 'vitest';
import { nameProgram } from './program-name.ts';

test.for([
  ['/usr/bin/kubectl-assent', 'kubectl assent'],
  ['/usr/bin/assent', 'assent'],
  ['/app/dist/cli/main.js', 'assent'],
  [undefined, 'assent'],
] as const)('started as %s it is called %s', ([script, name]) => {
  expect(nameProgram(script)).toBe(name);
});
