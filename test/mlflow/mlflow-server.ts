import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureMlflow, findFreePort } from '../../src/dev/index.ts';

/** A real `mlflow server` on SQLite. */
export interface MlflowServer extends AsyncDisposable {
  readonly url: string;
  readonly python: string;
  /** Its SQLite file: what is copied while it is stopped, and copied back, is an older state of the registry. */
  readonly database: string;
  start(): Promise<void>;
  /** Ends it with all its workers, as a crash would. */
  kill(): Promise<void>;
}

export interface MlflowServerOptions {
  /** The administrator's password: the server asks for one, and knows who asks. */
  readonly password?: string;
  /** What everybody may do with everything at least, where there are passwords; MANAGE where it is left out. */
  readonly defaultPermission?: 'NO_PERMISSIONS' | 'READ' | 'MANAGE';
  readonly workers?: number;
}

export const MLFLOW_ADMIN = 'admin';

/** @param folder where it keeps everything; a server that was killed and started again has the same content */
export async function startMlflowServer(
  folder: string,
  { password, defaultPermission = 'MANAGE', workers = 1 }: MlflowServerOptions = {},
): Promise<MlflowServer> {
  const environment = await ensureMlflow();
  const port = await findFreePort(undefined);
  const url = `http://127.0.0.1:${port}`;
  const file = (name: string) => join(folder, name);
  const database = file('mlflow.db');
  await mkdir(folder, { recursive: true });
  await copyFile(environment.database, database);
  if (password !== undefined)
    await writeFile(file('auth.ini'), renderAuth({ database: file('auth.db'), password, defaultPermission }));
  const args = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)];
  let child: ReturnType<typeof spawn> | undefined;

  const kill = async (): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // A group of its own: the server has workers, which outlive it where it alone is killed.
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  };
  const start = async (): Promise<void> => {
    child = spawn(
      environment.python,
      [
        ...args,
        ...['--backend-store-uri', `sqlite:///${database}`, '--artifacts-destination', file('artifacts')],
        ...(password === undefined ? [] : ['--app-name', 'basic-auth']),
      ],
      { cwd: folder, stdio: 'ignore', detached: true, env: serverEnvironment(file('auth.ini')) },
    );
    const { pid } = child;
    const end = () => pid !== undefined && process.kill(-pid, 'SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    while (!(await isUp(url))) {
      if (child.exitCode !== null)
        throw new Error(`mlflow ended with ${child.exitCode}: is the folder ${folder} its own?`);
      await sleep(100);
    }
  };
  await start();
  return { url, python: environment.python, database, start, kill, [Symbol.asyncDispose]: kill };
}

function serverEnvironment(authFile: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    MLFLOW_AUTH_CONFIG_PATH: authFile,
    MLFLOW_FLASK_SERVER_SECRET_KEY: 'a secret of tests',
    // The receiver of the tests is on this machine, and speaks no TLS.
    MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
    MLFLOW_WEBHOOK_ALLOWED_SCHEMES: 'http,https',
    MLFLOW_WEBHOOK_CACHE_TTL: '0',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    // A job runner that the registry does without.
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  };
}

interface AuthSettings extends Required<Pick<MlflowServerOptions, 'password' | 'defaultPermission'>> {
  readonly database: string;
}

function renderAuth({ database, password, defaultPermission }: AuthSettings): string {
  const settings = {
    default_permission: defaultPermission,
    database_uri: `sqlite:///${database}`,
    admin_username: MLFLOW_ADMIN,
    admin_password: password,
    authorization_function: 'mlflow.server.auth:authenticate_request_basic_auth',
    // Else each request is three checks of the password, a tenth of a second each. One that is wrong is not kept.
    auth_cache_ttl_seconds: 3_600,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `[mlflow]\n${lines.join('\n')}\n`;
}

async function isUp(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health`).catch(() => null);
  return response?.ok ?? false;
}
