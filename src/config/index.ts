export { type Config, readConfig } from './read-config.ts';
