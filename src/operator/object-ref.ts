import type { Metadata } from '../api/index.ts';
import type { ObjectRef } from './ports.ts';

/** @returns the object, and the state of it that a write is made from. */
export function refOf({ name, namespace, uid = '', resourceVersion = '' }: Metadata): ObjectRef {
  return { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
}
