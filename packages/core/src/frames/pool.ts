import { FaceMirrorError } from '../errors.js';
import { frameLayout, type Colour, type Frame, type FrameLayout } from './frame.js';
import { identify, SCRATCH_END } from './scratch.js';

/** What a pool of frames holds. */
export interface FramePoolOptions {
  /** Size of every frame, in pixels of the upright picture. */
  readonly width: number;
  readonly height: number;
  readonly colour: Colour;
  /** How many frames there are in all, at least 1: the bound on memory, and on how far a fast stage runs ahead. */
  readonly capacity: number;
  /** Bytes for `reserve()`: tensors and tables that kernels read and write beside the frames. Default none. */
  readonly scratchBytes?: number;
}

/** A piece of a pool's memory that is not a frame. Structured-cloneable. */
export interface ScratchMemory {
  readonly memory: WebAssembly.Memory;
  /** Byte offset in the memory; a multiple of 64. */
  readonly offset: number;
  readonly bytes: number;
}

interface Waiter {
  readonly count: number;
  readonly resolve: (frames: Frame[]) => void;
  readonly reject: (reason: Error) => void;
}

const PAGE_BYTES = 65_536;
const MAXIMUM_PAGES = 65_536;
/** Kernels read (and weigh with 0) the row below the last one of a plane, and up to 16 bytes more. */
const TAIL_BYTES = 66_000;
/** No codec that FFmpeg reads goes beyond it; keeps all sums of bytes exact. */
const LARGEST_SIDE = 65_535;

/**
 * A fixed number of equal frames in one shared WebAssembly memory, all allocated at construction: a run's memory does
 * not grow with its video. Whoever wants a frame while all are out waits, first come first served: that is the
 * back-pressure between stages.
 *
 * A frame is handed out with one reference. `retain` adds references when it goes to several consumers; each consumer
 * releases its own, and the last release makes the frame free. Frames are known by their offset, so that a copy that
 * came back from a worker thread can be released as well as the original. The pool itself lives in one thread.
 *
 * A stage that needs several frames at a time takes them in one `acquireMany`: two stages that each hold one frame and
 * wait for another would wait for ever.
 */
export class FramePool {
  readonly memory: WebAssembly.Memory;
  readonly layout: FrameLayout;
  readonly colour: Colour;
  readonly capacity: number;
  readonly #frameStride: number;
  readonly #references: Uint32Array;
  readonly #free: number[] = [];
  readonly #waiters: Waiter[] = [];
  #scratchOffset: number;
  readonly #scratchEnd: number;
  #closed = false;

  /**
   * @throws FaceMirrorError VIDEO_DAMAGED when frames of that size do not fit a WebAssembly memory (4 GiB) or this
   * machine's.
   */
  constructor(options: FramePoolOptions) {
    const { width, height, colour, capacity, scratchBytes = 0 } = options;
    requireInteger('width', width, LARGEST_SIDE);
    requireInteger('height', height, LARGEST_SIDE);
    requireInteger('capacity', capacity, 65_536);
    this.layout = frameLayout(width, height);
    this.colour = colour;
    this.capacity = capacity;
    this.#frameStride = alignUp(this.layout.bytes);
    this.#scratchOffset = SCRATCH_END + this.#frameStride * capacity;
    this.#scratchEnd = this.#scratchOffset + alignUp(scratchBytes);
    this.memory = allocate(this.#scratchEnd + TAIL_BYTES, this.layout, capacity);
    identify(this.memory, crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n);
    this.#references = new Uint32Array(capacity);
    for (let index = capacity - 1; index >= 0; index--) this.#free.push(index);
  }

  /** Frames that are out: acquired and not yet released by all their holders. */
  get inUse(): number {
    return this.capacity - this.#free.length;
  }

  /**
   * A frame, as soon as one is free; its pixels are whatever was left in it.
   * @param signal ends the wait with the signal's reason.
   * @throws FaceMirrorError CANCELLED when the pool is or gets closed.
   */
  async acquire(signal?: AbortSignal): Promise<Frame> {
    const [frame] = await this.acquireMany(1, signal);
    if (!frame) throw new Error('FramePool.acquire: acquireMany(1) gave no frame.');
    return frame;
  }

  /** That many frames at once, none before all are free; waits and fails as `acquire` does. */
  acquireMany(count: number, signal?: AbortSignal): Promise<Frame[]> {
    requireInteger('count', count, this.capacity);
    if (this.#closed) return Promise.reject(closedError());
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    if (this.#waiters.length === 0 && this.#free.length >= count) return Promise.resolve(this.#take(count));
    return new Promise<Frame[]>((resolve, reject) => {
      const onAbort = (): void => {
        const index = this.#waiters.indexOf(waiter);
        if (index < 0) return;
        this.#waiters.splice(index, 1);
        waiter.reject(reasonOf(signal));
        // The one that gave up may have kept smaller requests behind it waiting.
        this.#serveWaiters();
      };
      const waiter: Waiter = {
        count,
        resolve: (frames) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(frames);
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', onAbort);
          reject(reason);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /** Adds references to a frame that is out: one for each further consumer. Gives the frame back for chaining. */
  retain(frame: Frame, references = 1): Frame {
    requireInteger('references', references, 65_535);
    const index = this.#indexOf(frame);
    this.#references[index] = this.#referencesOf(index) + references;
    return frame;
  }

  /** Gives up one reference to a frame; the last one makes the frame free. Allowed after `close`. */
  release(frame: Frame): void {
    const index = this.#indexOf(frame);
    const left = this.#referencesOf(index) - 1;
    this.#references[index] = left;
    if (left > 0) return;
    this.#free.push(index);
    this.#serveWaiters();
  }

  /**
   * A piece of the memory for as long as the pool lives, for one thread's tensors and tables.
   * @throws RangeError when the pool's scratchBytes are used up.
   */
  reserve(bytes: number): ScratchMemory {
    requireInteger('bytes', bytes, Number.MAX_SAFE_INTEGER);
    const offset = this.#scratchOffset;
    const end = offset + alignUp(bytes);
    if (end > this.#scratchEnd) {
      throw new RangeError(
        `The frame pool has ${this.#scratchEnd - offset} bytes of scratch memory left and was asked for ${bytes}: ` +
          'give it more with scratchBytes.',
      );
    }
    this.#scratchOffset = end;
    return { memory: this.memory, offset, bytes };
  }

  /**
   * Fails everyone who waits and everyone who asks from now on. Safe to call twice.
   * @returns how many frames are still out: 0 after an orderly end, more when someone has lost a frame (a leak).
   */
  close(): number {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closedError());
    return this.inUse;
  }

  #serveWaiters(): void {
    for (;;) {
      const next = this.#waiters[0];
      if (!next || this.#free.length < next.count) return;
      this.#waiters.shift();
      next.resolve(this.#take(next.count));
    }
  }

  #take(count: number): Frame[] {
    return this.#free.splice(this.#free.length - count, count).map((index) => {
      this.#references[index] = 1;
      return {
        memory: this.memory,
        offset: SCRATCH_END + index * this.#frameStride,
        layout: this.layout,
        colour: this.colour,
      };
    });
  }

  #indexOf(frame: Frame): number {
    const index = (frame.offset - SCRATCH_END) / this.#frameStride;
    if (!Number.isInteger(index) || index < 0 || index >= this.capacity) {
      throw new RangeError(`There is no frame of this pool at offset ${frame.offset}: it belongs to another pool.`);
    }
    return index;
  }

  #referencesOf(index: number): number {
    const references = this.#references[index] ?? 0;
    if (references === 0)
      throw new RangeError(`The frame ${index} of the pool is not out: it was released once too often.`);
    return references;
  }
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

function allocate(bytes: number, layout: FrameLayout, capacity: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const tooLarge = (cause?: unknown): FaceMirrorError =>
    new FaceMirrorError(
      'VIDEO_DAMAGED',
      `${capacity} frames of ${layout.width}x${layout.height} pixels need ${Math.ceil(bytes / 1e6)} MB of memory, ` +
        'more than this machine gives: check that the video really is that large, or scale it down first.',
      { cause },
    );
  if (pages > MAXIMUM_PAGES) throw tooLarge();
  try {
    // Never grown: the maximum is the size, so that nothing more is set aside.
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw tooLarge(cause);
  }
}

function requireInteger(name: string, value: number, largest: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= largest) return;
  throw new RangeError(`${name} must be an integer from 1 to ${largest}, but is ${value}.`);
}

function closedError(): FaceMirrorError {
  return new FaceMirrorError(
    'CANCELLED',
    'The frame pool was closed while frames were still asked for: the run has ended.',
  );
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error
    ? reason
    : new FaceMirrorError('CANCELLED', 'The wait for a free frame was cancelled.', { cause: reason });
}
