import { FrameStream, UndecodableVideo } from './frame-stream.js';

/** What the player tells after every change. */
export interface PlayerState {
  readonly frame: number;
  readonly isPlaying: boolean;
}

export interface PlayerOptions {
  /** Canvases, one for each stream. */
  readonly canvases: readonly HTMLCanvasElement[];
  readonly onState: (state: PlayerState) => void;
  readonly onError: (error: unknown) => void;
}

/** One clock for videos whose frames are not the same: which frame of each is shown at each of its ticks. */
export interface PlayClock {
  /** Seconds, ascending, by tick. */
  readonly times: Float64Array;
  /** By stream, then by tick: the frame's number. */
  readonly frames: readonly Int32Array[];
}

/** The last second of a video that cannot be decoded in time is not made up for in one leap. */
const LONGEST_LAG_SECONDS = 0.5;

/**
 * Plays several videos in exact step: all canvases always show the same frame, or those that a {@link PlayClock} puts
 * together. One clock says which frame is due; where decoding is slower than the clock, the clock waits.
 */
export class StepPlayer {
  readonly #streams: readonly FrameStream[];
  readonly #options: PlayerOptions;
  #times: Float64Array;
  /** By stream; null where all show the same. */
  #frames: readonly Int32Array[] | null = null;
  /** Numbers of the frames that the canvases show. */
  readonly #drawn: number[] = [];
  #frame = -1;
  #wanted = 0;
  #isDrawing = false;
  #isClosed = false;
  #rate = 0;
  #speed = 1;
  #loop: { readonly first: number; readonly last: number } | null = null;
  #clock = { at: 0, time: 0 };
  #request = 0;

  private constructor(streams: readonly FrameStream[], options: PlayerOptions) {
    this.#streams = streams;
    this.#options = options;
    this.#times = streams[0]?.timestamps ?? new Float64Array();
  }

  /**
   * Opens all videos. An address list per canvas: the first that this browser can decode is shown.
   * @throws UndecodableVideo if one has none.
   */
  static async open(addresses: readonly (readonly string[])[], options: PlayerOptions): Promise<StepPlayer> {
    const opened = await Promise.allSettled(addresses.map(firstDecodable));
    const streams = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = opened.find((each) => each.status === 'rejected');
    if (failed !== undefined) {
      await Promise.all(streams.map((stream) => stream.close()));
      throw failed.reason;
    }
    const player = new StepPlayer(streams, options);
    streams.forEach((stream, index) => {
      const canvas = options.canvases[index];
      if (canvas === undefined) return;
      canvas.width = stream.width;
      canvas.height = stream.height;
    });
    player.show(0);
    return player;
  }

  /** Frames, or ticks of the clock that was set. */
  get frameCount(): number {
    if (this.#frames !== null) return this.#times.length;
    return Math.min(...this.#streams.map((stream) => stream.frameCount));
  }

  /** When a frame is shown, in seconds from the first. */
  timeOf(frame: number): number {
    return (this.#times[frame] ?? 0) - (this.#times[0] ?? 0);
  }

  /** The frame that is shown at a time, in seconds from the first frame. */
  frameAt(seconds: number): number {
    const time = seconds + (this.#times[0] ?? 0) + 1e-6;
    let low = 0;
    let high = this.frameCount - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#times[middle] ?? Infinity) <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Shows a frame as soon as it is decoded; the newest wish counts. */
  show(frame: number): void {
    this.#wanted = Math.max(0, Math.min(this.frameCount - 1, frame));
    this.#setClock();
    void this.#draw();
  }

  /** Steps from the frame that was asked for last. */
  step(frames: number): void {
    this.pause();
    this.show(this.#wanted + frames);
  }

  /** Plays; a rate of -1 plays backwards. */
  play(rate: 1 | -1 = 1): void {
    this.#rate = rate;
    if (rate === 1 && this.#wanted >= this.#last()) this.#wanted = this.#first();
    this.#setClock();
    this.#tell();
    cancelAnimationFrame(this.#request);
    this.#request = requestAnimationFrame(this.#tick);
  }

  pause(): void {
    this.#rate = 0;
    cancelAnimationFrame(this.#request);
    this.#tell();
  }

  get isPlaying(): boolean {
    return this.#rate !== 0;
  }

  /** 0.1 to 2 times as fast as filmed. */
  set speed(speed: number) {
    this.#speed = speed;
    this.#setClock();
  }

  /** Plays between two frames again and again; null ends it. */
  set loop(loop: { readonly first: number; readonly last: number } | null) {
    this.#loop = loop;
    if (loop !== null && (this.#wanted < loop.first || this.#wanted > loop.last)) this.show(loop.first);
  }

  /** From now on, frames are ticks of this clock; the loop ends. Shows one of them. */
  follow({ times, frames }: PlayClock, tick: number): void {
    this.pause();
    this.#times = times;
    this.#frames = frames;
    this.#loop = null;
    this.#frame = -1;
    this.show(tick);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    cancelAnimationFrame(this.#request);
    await Promise.all(this.#streams.map((stream) => stream.close()));
  }

  readonly #tick = (): void => {
    if (this.#rate === 0 || this.#isClosed) return;
    this.#request = requestAnimationFrame(this.#tick);
    if (this.#isDrawing) return;
    const shown = this.timeOf(this.#frame);
    let due = this.#clock.time + ((performance.now() - this.#clock.at) / 1000) * this.#speed * this.#rate;
    if (Math.abs(due - shown) > LONGEST_LAG_SECONDS) {
      this.#setClock();
      due = this.#clock.time;
    }
    const frame = this.frameAt(Math.max(0, due));
    if (this.#rate === 1 ? due > this.timeOf(this.#last()) + 0.05 : due < this.timeOf(this.#first())) {
      if (this.#loop === null) return this.pause();
      this.#wanted = this.#rate === 1 ? this.#loop.first : this.#loop.last;
      this.#setClock();
    } else this.#wanted = Math.max(this.#first(), Math.min(this.#last(), frame));
    if (this.#wanted !== this.#frame) void this.#draw();
  };

  #first(): number {
    return this.#loop?.first ?? 0;
  }

  #last(): number {
    return this.#loop?.last ?? this.frameCount - 1;
  }

  #setClock(): void {
    this.#clock = { at: performance.now(), time: this.timeOf(this.#wanted) };
  }

  #tell(): void {
    this.#options.onState({ frame: Math.max(0, this.#frame), isPlaying: this.#rate !== 0 });
  }

  /** Decodes and draws the wanted frame of all streams; nothing is drawn before all have it. */
  async #draw(): Promise<void> {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    try {
      while (this.#wanted !== this.#frame && !this.#isClosed) {
        const frame = this.#wanted;
        const frames = this.#frames;
        const numbers = this.#streams.map((stream, index) =>
          Math.min(frames?.[index]?.[frame] ?? frame, stream.frameCount - 1),
        );
        const samples = await Promise.all(
          this.#streams.map((stream, index) => {
            const number = numbers[index] ?? frame;
            return number === this.#drawn[index] ? Promise.resolve(null) : stream.frame(number);
          }),
        );
        samples.forEach((sample, index) => {
          if (sample === null) return;
          this.#drawn[index] = numbers[index] ?? frame;
          const context = this.#options.canvases[index]?.getContext('2d');
          if (context !== null && context !== undefined)
            sample.draw(context, 0, 0, context.canvas.width, context.canvas.height);
          sample.close();
        });
        // Another clock has been set meanwhile: its tick is still to be drawn.
        if (frames !== this.#frames) continue;
        this.#frame = frame;
        this.#tell();
        if (this.#rate !== 0) break;
      }
    } catch (error) {
      if (!this.#isClosed) {
        this.#rate = 0;
        this.#options.onError(error);
      }
    } finally {
      this.#isDrawing = false;
    }
  }
}

async function firstDecodable(addresses: readonly string[]): Promise<FrameStream> {
  let last: unknown = new UndecodableVideo('There is no video to show.');
  for (const address of addresses) {
    try {
      return await FrameStream.open(address);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}
