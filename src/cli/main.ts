#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Half of a short command's time is the compilation of what it imports: Node keeps it, where it may write. Under the
// user's own home: whoever can write there can run programs as the user anyway.
enableCompileCache(join(homedir(), '.cache', 'assent', 'node'));
await import('./run-program.ts');
