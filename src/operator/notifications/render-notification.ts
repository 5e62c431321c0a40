import { API_VERSION, GROUP, type NotificationSpec } from '../../api/index.ts';
import type { VersionNews } from './version-news.ts';

/** What is posted. */
export interface RenderedNotification {
  readonly contentType: string;
  readonly body: Buffer;
}

const HEAD = '{{model}} {{version}} ({{namespace}}/{{name}})';
const TEMPLATES = {
  Waiting: `${HEAD} waits for approval for {{stage}}: {{message}}`,
  Error: `${HEAD} cannot be decided: {{message}}`,
  Approved: `${HEAD} is approved for {{stage}}: {{message}}`,
  Rejected: `${HEAD} is rejected for {{stage}}: {{message}}`,
  Expired: `${HEAD} waited too long for {{stage}}: {{message}}`,
  Revoked: `${HEAD} lost its approval for {{stage}}: {{message}}`,
  NotCompliant: `${HEAD} is approved for {{stage}} and would not be today: {{message}}`,
};

/** @returns a CloudEvent in JSON, or a Slack message. The same news gives the same bytes. */
export function renderNotification(news: VersionNews, spec: NotificationSpec): RenderedNotification {
  const link = fill(spec.link ?? '', news.fields, encodeURIComponent);
  const fields = { ...news.fields, link };
  const template = spec.template ?? defaultTemplate(news, link);
  if (spec.slack) return toJson('application/json', { text: fill(template, fields, escapeSlack) });
  const { namespace, name, approve, reject, ...data } = fields;
  return toJson('application/cloudevents+json; charset=utf-8', {
    specversion: '1.0',
    id: news.id,
    source: `/apis/${API_VERSION}/namespaces/${namespace}/modelversions/${name}`,
    type: `${GROUP.split('.').toReversed().join('.')}.modelversion.${news.event.toLowerCase()}`,
    subject: name,
    time: news.at,
    datacontenttype: 'application/json',
    data: {
      ...data,
      namespace,
      name,
      uid: news.uid,
      generation: news.generation,
      decisionId: news.decisionId,
      ...(approve ? { commands: { approve, reject } } : {}),
      text: fill(template, fields, (text) => text),
    },
  });
}

function defaultTemplate({ event }: VersionNews, link: string): string {
  const commands = event === 'Waiting' ? '\n{{approve}}\n{{reject}}' : '';
  return `${TEMPLATES[event]}${link ? '\n{{link}}' : ''}${commands}`;
}

/** One pass: what a value holds is never a template. */
function fill(
  template: string,
  fields: Readonly<Record<string, string>>,
  escapeValue: (text: string) => string,
): string {
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => escapeValue(fields[name] ?? ''));
}

/** So that a model's name calls nobody and links nowhere: https://api.slack.com/reference/surfaces/formatting#escaping */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function toJson(contentType: string, value: unknown): RenderedNotification {
  return { contentType, body: Buffer.from(JSON.stringify(value)) };
}
