export { type GuardedAlias, parseGuardedAlias, startGateway } from './gateway/index.ts';
export { createModelRegistries } from './sync/index.ts';
export { startWebhookServer } from './webhook/webhook-server.ts';
