/** Keys that wait, by their owners. */
export interface Turns {
  /** How many wait. */
  readonly size: number;
  add(key: string): void;
  /** @returns the key that has waited longest of the owner with the fewest taken; of several, of whom it was not the turn. */
  take(): string | undefined;
  /** A key that was taken is worked on no more. */
  done(key: string): void;
}

export function createTurns(ownerOf: (key: string) => string): Turns {
  const owners = new Map<string, Owner>();
  let size = 0;

  const findNext = (): [name: string, owner: Owner] | undefined => {
    let next: [string, Owner] | undefined;
    for (const entry of owners) {
      const [, owner] = entry;
      if (owner.waiting.size === 0 || (next && next[1].taken <= owner.taken)) continue;
      next = entry;
      if (owner.taken === 0) break;
    }
    return next;
  };

  return {
    get size() {
      return size;
    },
    add(key) {
      const name = ownerOf(key);
      const owner = owners.get(name) ?? createOwner();
      owners.set(name, owner);
      size -= owner.waiting.size;
      owner.waiting.add(key);
      size += owner.waiting.size;
    },
    take() {
      const next = findNext();
      const key = next && takeFirst(next[1]);
      if (!next || key === undefined) return undefined;
      const [name, owner] = next;
      owner.taken++;
      size--;
      // Who was served goes to the end.
      owners.delete(name);
      owners.set(name, owner);
      return key;
    },
    done(key) {
      const name = ownerOf(key);
      const owner = owners.get(name);
      if (owner && --owner.taken === 0 && owner.waiting.size === 0) owners.delete(name);
    },
  };
}

interface Owner {
  readonly waiting: Set<string>;
  /** Goes on where it was: from the start, it would pass over all that was taken of a hundred thousand. */
  order: Iterator<string, undefined>;
  taken: number;
}

function createOwner(): Owner {
  const waiting = new Set<string>();
  return { waiting, order: waiting.values(), taken: 0 };
}

function takeFirst(owner: Owner): string | undefined {
  let first = owner.order.next();
  if (first.done) {
    owner.order = owner.waiting.values();
    first = owner.order.next();
  }
  if (first.value !== undefined) owner.waiting.delete(first.value);
  return first.value;
}
