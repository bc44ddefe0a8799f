import type { InferenceSession } from 'onnxruntime-node';
import type { ModelSource } from 'facemirror-core/inference/request.js';

/** Sets of sizes that stay open; the one that was not used for longest goes. */
const MOST_SIZES = 6;

/** A session that was just opened, and what that took. */
export interface OpenedSession {
  readonly value: InferenceSession;
  readonly createMs: number;
  /** The process's resident memory before. */
  readonly rssAtStart: number;
}

/** Opens a session of a network, with these free dimensions fixed. */
export type CreateSession = (sizes: Readonly<Record<string, number>>) => Promise<OpenedSession>;

/**
 * The sessions of one network in one worker: one, or where sizes of its inputs are free one for each set of sizes that
 * comes, with the sizes fixed. Providers plan and compile fixed shapes once; with free ones, Core ML takes fewer nodes
 * in more parts, and others compile again whenever a size changes.
 *
 * A batch stays free where runs are joined to batches of several sizes: to open large networks once for each would cost
 * more memory than it brings.
 */
export class NetworkSessions {
  readonly source: ModelSource;
  readonly #create: CreateSession;
  readonly #inputs: readonly {
    readonly name: string;
    readonly shape: readonly (number | string)[];
    readonly free: readonly (string | null)[];
  }[];
  /** Without fixed sizes; closed when sessions with sizes take its place. */
  #general: InferenceSession | null;
  readonly #bySizes = new Map<string, InferenceSession>();

  /** @param general a session of the network as it is. */
  constructor(source: ModelSource, general: InferenceSession, create: CreateSession) {
    this.source = source;
    this.#general = general;
    this.#create = create;
    this.#inputs = general.inputMetadata.map((input) => ({
      name: input.name,
      shape: input.isTensor ? input.shape : [],
      free: input.isTensor
        ? input.shape.map((dim, axis) =>
            typeof dim === 'string' && dim !== '' && !(axis === 0 && this.#isJoined()) ? dim : null,
          )
        : [],
    }));
  }

  /** The one session, where no sizes are to be fixed; null where they are known only when a run comes. */
  get single(): InferenceSession | null {
    return this.#inputs.some(({ free }) => free.some((dim) => dim !== null)) ? null : this.#general;
  }

  /**
   * The dimensions of a run of one item, where nothing but the batch is free; null where sizes are known only when a
   * run comes.
   */
  get dimsOfOne(): Readonly<Record<string, readonly number[]>> | null {
    const dims = this.#inputs.map(
      ({ name, shape }) => [name, shape.map((dim, axis) => (axis === 0 && typeof dim === 'string' ? 1 : dim))] as const,
    );
    return dims.every((each): each is readonly [string, number[]] => each[1].every((dim) => typeof dim === 'number'))
      ? Object.fromEntries(dims)
      : null;
  }

  /** The session for inputs of these dimensions; `opened` when it was opened for them, else null. */
  async sessionFor(
    dims: Readonly<Record<string, readonly number[]>>,
  ): Promise<{ readonly session: InferenceSession; readonly opened: OpenedSession | null }> {
    const sizes = this.#sizesOf(dims);
    const key = JSON.stringify(sizes);
    if (this.#general !== null && key === '{}') return { session: this.#general, opened: null };
    const known = this.#bySizes.get(key);
    if (known !== undefined) {
      this.#bySizes.delete(key);
      this.#bySizes.set(key, known);
      return { session: known, opened: null };
    }
    await this.#general?.release();
    this.#general = null;
    const opened = await this.#create(sizes);
    this.#bySizes.set(key, opened.value);
    const [oldest] = this.#bySizes;
    if (this.#bySizes.size > MOST_SIZES && oldest !== undefined) {
      this.#bySizes.delete(oldest[0]);
      await oldest[1].release();
    }
    return { session: opened.value, opened };
  }

  async close(): Promise<void> {
    for (const session of [...this.#bySizes.values(), ...(this.#general === null ? [] : [this.#general])])
      await session.release();
    this.#bySizes.clear();
    this.#general = null;
  }

  #isJoined(): boolean {
    return (this.source.batch ?? 1) > 1 && this.source.batchIsFixed !== true;
  }

  #sizesOf(dims: Readonly<Record<string, readonly number[]>>): Record<string, number> {
    const sizes: Record<string, number> = {};
    for (const { name, free } of this.#inputs) {
      free.forEach((dim, axis) => {
        const size = dims[name]?.[axis];
        if (dim !== null && size !== undefined) sizes[dim] = size;
      });
    }
    return sizes;
  }
}
