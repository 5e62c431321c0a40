export { type GuardedAlias, parseGuardedAlias } from './guarded-aliases.ts';
export { startGateway } from './start-gateway.ts';
