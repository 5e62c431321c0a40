#!/usr/bin/env node
import { homedir } from 'node:os';
import { join } from 'node:path';

// What any Node can load: one that is too old shall be told so, and not fail at the first name that it does not know.
// As package.json demands in `engines`.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`assent needs Node 22.12 or later; this is ${process.versions.node}: ${process.execPath}`);
  // As EXIT.error: any other code would be a result.
  process.exitCode = 2;
} else {
  const { enableCompileCache } = await import('node:module');
  // Half of a short command's time is the compilation of what it imports: Node keeps it, where it may write. Under the
  // user's own home: whoever can write there can run programs as the user anyway.
  enableCompileCache(join(homedir(), '.cache', 'assent', 'node'));
  await import('./run-program.ts');
}
