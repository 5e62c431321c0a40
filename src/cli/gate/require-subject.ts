import { CliError } from '../cli-error.ts';

/** @throws CliError where nobody says which version is asked about */
export function requireSubject({ model, version }: { readonly model?: string; readonly version?: string }): void {
  const missing = [model ? [] : ['--model'], version ? [] : ['--version']].flat();
  if (missing.length > 0) throw new CliError([`${missing.join(' and ')} missing: which version is to be approved?`]);
}
