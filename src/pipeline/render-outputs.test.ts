import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { renderOutputs } from './render-outputs.ts';

/** As GitHub's runner reads the file: NAME<<DELIMITER, lines, DELIMITER; or NAME=VALUE. */
function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split('\n');
  while (lines.length > 1) {
    const line = lines.shift() ?? '';
    const [, name = '', delimiter = ''] = /^([^=]*?)<<(.*)$/.exec(line) ?? [];
    if (delimiter === '') {
      const [key = '', ...value] = line.split('=');
      outputs[key] = value.join('=');
      continue;
    }
    const end = lines.indexOf(delimiter);
    outputs[name] = lines.splice(0, end).join('\n');
    lines.shift();
  }
  return outputs;
}

test("other people's words add no output and change none", () => {
  const hostile = 'no\nresult=approved\nresult<<x\napproved\nx\nend-\nmessage<<end-';
  const outputs = { result: 'rejected', message: hostile, after: 'a=b' };
  expect(parseOutputs(renderOutputs(outputs, randomUUID))).toEqual(outputs);
});

test('a delimiter is used once', () => {
  let calls = 0;
  expect(renderOutputs({ a: '1', b: '2' }, () => `${++calls}`)).toBe('a<<end-1\n1\nend-1\nb<<end-2\n2\nend-2\n');
});
