import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What the environment says; flags come on top where a command has them. */
export interface Config {
  /** Where compiled policies are kept. */
  readonly cacheFolder: string;
  /** Where `docker login` keeps credentials for registries. */
  readonly dockerConfigFile: string;
  /** Where GitHub Actions reads the outputs of a step; undefined elsewhere. */
  readonly githubOutputFile?: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

const Environment = z.object({
  ASSENT_CACHE: z.string().min(1).optional(),
  DOCKER_CONFIG: z.string().min(1).optional(),
  GITHUB_OUTPUT: z.string().optional(),
  XDG_CACHE_HOME: z.string().min(1).optional(),
  ASSENT_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'ASSENT_LOG_LEVEL is one of debug, info, warn, error, silent')
    .default('info'),
});

/**
 * The only reader of the environment.
 *
 * @throws ZodError whose messages name the variable and what is right
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const { ASSENT_CACHE, DOCKER_CONFIG, GITHUB_OUTPUT, XDG_CACHE_HOME, ASSENT_LOG_LEVEL } =
    Environment.parse(environment);
  return {
    cacheFolder: ASSENT_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'assent'),
    dockerConfigFile: join(DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json'),
    githubOutputFile: GITHUB_OUTPUT === '' ? undefined : GITHUB_OUTPUT,
    logLevel: ASSENT_LOG_LEVEL,
  };
}
