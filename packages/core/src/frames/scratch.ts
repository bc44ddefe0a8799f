/**
 * A frame pool's memory begins with places in which a thread's kernel leaves its output until it is copied out, or
 * keeps its tables: kernels can write to the frames' memory only. A place is taken for the length of one crop, or for
 * the mirroring of one frame, by any thread.
 *
 * The first page holds nothing but the places' locks, so that an offset of 0 in a kernel call is seen to be a mistake.
 */
const PAGE_BYTES = 65_536;
const PLACES = 16;
/** Where a pool's memory holds the pool's own number, 8 bytes behind the locks; 0 in a memory that is no pool's. */
const IDENTITY_OFFSET = 64 * 8;
/** Bytes of one place: rows of a crop are worked off in bands that fit. */
export const SCRATCH_BYTES = 2 * PAGE_BYTES;
/** Where the memory is free for frames. */
export const SCRATCH_END = PAGE_BYTES + PLACES * SCRATCH_BYTES;

/**
 * How often a thread looks for a free place before it gives up: some seconds, where a place is used for a few
 * milliseconds at most.
 */
const PATIENCE = 5000;

/** Gives a memory a number by which other threads know it again. */
export function identify(memory: WebAssembly.Memory, identity: bigint): void {
  new BigUint64Array(memory.buffer, IDENTITY_OFFSET, 1)[0] = identity;
}

/** The number that {@link identify} gave a memory; 0 when it has none. */
export function identityOf(memory: WebAssembly.Memory): bigint {
  return new BigUint64Array(memory.buffer, IDENTITY_OFFSET, 1)[0] ?? 0n;
}

/**
 * Lends a place of a pool's memory to `work`, which must not wait for anything.
 * @throws Error when no place gets free: threads were killed in the middle of their work.
 */
export function withScratch<T>(memory: WebAssembly.Memory, work: (offset: number) => T): T {
  const locks = new Int32Array(memory.buffer, 0, PLACES);
  const place = takePlace(locks);
  try {
    return work(PAGE_BYTES + place * SCRATCH_BYTES);
  } finally {
    Atomics.store(locks, place, 0);
    Atomics.notify(locks, place, 1);
  }
}

function takePlace(locks: Int32Array): number {
  for (let round = 0; round < PATIENCE; round++) {
    for (let place = 0; place < PLACES; place++) {
      if (Atomics.compareExchange(locks, place, 0, 1) === 0) return place;
    }
    Atomics.wait(locks, round % PLACES, 1, 1);
  }
  throw new Error('No scratch memory got free: worker threads were lost while they worked.');
}
