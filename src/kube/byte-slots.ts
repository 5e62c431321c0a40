/** Keeps many short byte strings in few large buffers outside the JavaScript heap, which would fragment from them. */
export interface ByteSlots {
  /** @returns where the bytes are kept, as a small integer. */
  store(bytes: Uint8Array): number;
  /** @returns a view of the bytes that holds until the slot is freed. */
  read(slot: number): Uint8Array;
  free(slot: number): void;
}

const SLAB_BYTES = 2 ** 20;
const HEADER_BYTES = 4;
/** Slots of one size are interchangeable: what one object leaves, another of about its size takes. */
const GRAIN_BYTES = 64;

export function createByteSlots(): ByteSlots {
  /** A slab longer than the others holds one slot and takes several places here, so that a slot's address is a number. */
  const slabs: Buffer[] = [];
  const freed = new Map<number, number[]>();
  let next = 0;

  const sizeOf = (length: number): number => Math.ceil((HEADER_BYTES + length) / GRAIN_BYTES) * GRAIN_BYTES;
  const slabOf = (slot: number): Buffer => {
    const slab = slabs[Math.floor(slot / SLAB_BYTES)];
    if (!slab) throw new RangeError(`${slot} is no slot`);
    return slab;
  };
  const allocate = (size: number): number => {
    const reused = freed.get(size)?.pop();
    if (reused !== undefined) return reused;
    if (size > SLAB_BYTES) {
      const slot = slabs.length * SLAB_BYTES;
      const slab = Buffer.alloc(size);
      for (let covered = 0; covered < size; covered += SLAB_BYTES) slabs.push(slab);
      return slot;
    }
    // At the end of a slab `next` points into what was pushed after it, which may be a slab of one slot.
    if (next % SLAB_BYTES === 0 || (next % SLAB_BYTES) + size > SLAB_BYTES) {
      next = slabs.length * SLAB_BYTES;
      slabs.push(Buffer.alloc(SLAB_BYTES));
    }
    const slot = next;
    next += size;
    return slot;
  };

  return {
    store(bytes) {
      const slot = allocate(sizeOf(bytes.length));
      const slab = slabOf(slot);
      slab.writeUInt32LE(bytes.length, slot % SLAB_BYTES);
      slab.set(bytes, (slot % SLAB_BYTES) + HEADER_BYTES);
      return slot;
    },
    read(slot) {
      const slab = slabOf(slot);
      const at = slot % SLAB_BYTES;
      return slab.subarray(at + HEADER_BYTES, at + HEADER_BYTES + slab.readUInt32LE(at));
    },
    free(slot) {
      const size = sizeOf(slabOf(slot).readUInt32LE(slot % SLAB_BYTES));
      const slots = freed.get(size);
      if (slots) slots.push(slot);
      else freed.set(size, [slot]);
    },
  };
}
