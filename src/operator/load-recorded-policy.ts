import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { PolicyRecord } from '../decision/index.ts';
import type { CompileResult } from '../rego/index.ts';
import type { PolicyCompiler } from './ports.ts';

/** A record is somebody's file: what it unpacks to is bounded. */
const MODULE_BYTES = 16 * 2 ** 20;

/** @returns the policy as it was in force, from its record alone; compare its digest with the record's id */
export async function loadRecordedPolicy(record: PolicyRecord, compiler: PolicyCompiler): Promise<CompileResult> {
  const { modules, wasm, data = {} } = record;
  if (wasm === undefined) return compiler.compile(modules, { data });
  const module = await promisify(gunzip)(Buffer.from(wasm, 'base64'), { maxOutputLength: MODULE_BYTES }).catch(() =>
    Buffer.alloc(0),
  );
  return compiler.adopt(module, { data });
}
