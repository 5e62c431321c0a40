import { parseArgs } from 'node:util';

/** What `npm start -- …` asks for. */
export type StartOptions =
  | { readonly kind: 'start'; readonly guard: boolean }
  | { readonly kind: 'help'; readonly usage: string }
  | { readonly kind: 'mistake'; readonly problem: string };

const USAGE = `usage: npm start [-- --guard]

Starts a control plane on this machine, with everything installed and the operator running. Ctrl-C ends it.

  --guard  install the deployment guard as well`;

export function readStartOptions(args: readonly string[]): StartOptions {
  try {
    const options = { guard: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    return values.help ? { kind: 'help', usage: USAGE } : { kind: 'start', guard: values.guard };
  } catch (error) {
    return { kind: 'mistake', problem: `${error instanceof Error ? error.message : error}\n${USAGE}` };
  }
}
