import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { gatewayUser, judgeAdmission, operatorUser } from '../admission/index.ts';
import { buildGeneratedFiles } from './generated-files.ts';

test("the chart's admission policies are, to the letter, those that the operator asks for", () => {
  const template = buildGeneratedFiles().get('charts/assent/templates/admission.yaml') ?? '';
  const rendered = template.replaceAll('{{ .Release.Namespace }}', 'risk').replaceAll(/^\{\{- (if|end).*\n/gm, '');
  expect(rendered).not.toContain('{{');
  const manifests = parseAllDocuments(rendered).map((document) => document.toJS());
  expect(judgeAdmission(manifests, { operator: operatorUser('risk'), gateway: gatewayUser('risk') })).toEqual({
    verified: true,
    problems: [],
  });
});

test('values that are no text stand without quotes in the chart', () => {
  const template = buildGeneratedFiles().get('charts/assent/templates/operator.yaml');
  expect(template).toContain('replicas: {{ int .Values.replicas }}\n');
  expect(template).toContain('resources: {{ toJson .Values.resources }}\n');
});
