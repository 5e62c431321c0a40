import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What the environment says; flags come on top where a command has them. */
export interface Config {
  /** Where compiled policies are kept. */
  readonly cacheFolder: string;
  /** Where `docker login` keeps credentials for registries. */
  readonly dockerConfigFile: string;
  /** What MLflow's own clients are logged in with. */
  readonly mlflowCredentials: MlflowCredentials | undefined;
  /** Where GitHub Actions reads the outputs of a step; undefined elsewhere. */
  readonly githubOutputFile?: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** As MLflow's client sends them. */
type MlflowCredentials =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

const Environment = z.object({
  ASSENT_CACHE: z.string().min(1).optional(),
  DOCKER_CONFIG: z.string().min(1).optional(),
  MLFLOW_TRACKING_USERNAME: z.string().min(1).optional(),
  MLFLOW_TRACKING_PASSWORD: z.string().min(1).optional(),
  MLFLOW_TRACKING_TOKEN: z.string().min(1).optional(),
  GITHUB_OUTPUT: z.string().optional(),
  XDG_CACHE_HOME: z.string().min(1).optional(),
  ASSENT_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/**
 * The only reader of the environment.
 *
 * @throws ZodError whose paths are the variables
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = Environment.parse(environment);
  const { ASSENT_CACHE, DOCKER_CONFIG, GITHUB_OUTPUT, XDG_CACHE_HOME, ASSENT_LOG_LEVEL } = parsed;
  return {
    cacheFolder: ASSENT_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'assent'),
    dockerConfigFile: join(DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json'),
    githubOutputFile: GITHUB_OUTPUT === '' ? undefined : GITHUB_OUTPUT,
    mlflowCredentials: readMlflowCredentials(parsed),
    logLevel: ASSENT_LOG_LEVEL,
  };
}

/** A user name comes before a token, as in MLflow's client. */
function readMlflowCredentials({
  MLFLOW_TRACKING_USERNAME: username,
  MLFLOW_TRACKING_PASSWORD: password,
  MLFLOW_TRACKING_TOKEN: token,
}: z.infer<typeof Environment>): MlflowCredentials | undefined {
  if (username !== undefined && password !== undefined) return { kind: 'basic', username, password };
  return token === undefined ? undefined : { kind: 'bearer', token };
}
