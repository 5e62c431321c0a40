export { createModelRegistries } from './sync/index.ts';
export { startWebhookServer } from './webhook/webhook-server.ts';
