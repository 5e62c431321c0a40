import { expect, test } from 'vitest';
import { renderDiff } from './render-diff.ts';

test('equal texts have no difference', () => {
  expect(renderDiff('a', 'x\n', 'x\n')).toBe('');
});

test('changes far apart are hunks of their own, with three lines around them', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `${index + 1}`);
  const changed = lines.flatMap((line) => (line === '2' ? ['two'] : line === '18' ? [] : [line]));
  expect(renderDiff('a.rego', lines.join('\n'), changed.join('\n'))).toBe(
    `--- a.rego
+++ a.rego
@@ -1,5 +1,5 @@
 1
-2
+two
 3
 4
 5
@@ -15,6 +15,5 @@
 15
 16
 17
-18
 19
 20
`,
  );
});
