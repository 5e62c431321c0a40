import type { Metadata } from '../api/index.ts';
import type { ObjectRef } from './ports.ts';

/** @returns the namespace of the object with this key, which reads NAMESPACE/NAME. */
export function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

/** @returns the object, and the state of it that a write is made from. */
export function refOf({ name, namespace, uid = '', resourceVersion = '' }: Metadata): ObjectRef {
  return { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
}
