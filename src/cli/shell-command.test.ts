import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderShellCommand } from './shell-command.ts';

test('flags that are not given are left out, and plain words stay plain', () => {
  expect(renderShellCommand(['kubectl', 'assent', 'status', 'mv-1'], { namespace: 'risk', context: undefined })).toBe(
    'kubectl assent status mv-1 --namespace risk',
  );
});

test('a shell reads every value as it was written', () => {
  const value = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(value, (text) => {
      const command = renderShellCommand(['printf', '%s'], {}).concat(' ', renderShellCommand([text], {}));
      expect(execFileSync('sh', ['-c', command], { encoding: 'utf8' })).toBe(text);
    }),
    { numRuns: 20 },
  );
});
