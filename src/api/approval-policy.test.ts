import { expect, it } from 'vitest';
import { API_VERSION, ApprovalPolicy } from './index.ts';

it.each([
  ['modules', 'spec.modules.__proto__'],
  ['parameters', 'spec.parameters.__proto__'],
  ['data', 'spec.data.__proto__'],
])('a policy with an entry of %s that nothing would read is refused, not read without it', (field, path) => {
  const spec = { modules: { 'p.rego': 'package approval' }, [field]: JSON.parse('{"__proto__": "x", "p.rego": "y"}') };
  const policy = { apiVersion: API_VERSION, kind: 'ApprovalPolicy', metadata: { name: 'p' }, spec };
  const issues = ApprovalPolicy.safeParse(policy).error?.issues ?? [];
  expect(issues.map((issue) => issue.path.join('.'))).toContain(path);
});
