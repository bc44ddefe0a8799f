import type { TimelineSpan } from '../../results/summary.js';

/**
 * Frames whose time is shown: once the pipeline has found its rhythm; and the first ones, for videos that end before.
 */
const STRETCHES = [
  { from: 31, to: 46 },
  { from: 1, to: 16 },
] as const;
/** Of one stretch; more than that no picture shows. */
const MOST_SPANS = 2000;

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly spans: TimelineSpan[];
  state: 'ahead' | 'open' | 'closed';
}

/** Keeps what went on, on every lane, from when the first frame of a stretch began until its last was finished. */
export class Timeline {
  readonly #stretches: readonly Stretch[] = STRETCHES.map((stretch) => ({ ...stretch, spans: [], state: 'ahead' }));

  /** Adds a span, in the order in which they end. */
  add(span: TimelineSpan): void {
    for (const stretch of this.#stretches) {
      if (stretch.state === 'ahead' && span.frame >= stretch.from) stretch.state = 'open';
      if (stretch.state === 'open' && stretch.spans.length < MOST_SPANS) stretch.spans.push(span);
    }
  }

  frameDone(frame: number): void {
    for (const stretch of this.#stretches)
      if (stretch.state === 'open' && frame >= stretch.to) stretch.state = 'closed';
  }

  /** The spans of the best stretch that is whole; where none is, of the first frames. */
  spans(): readonly TimelineSpan[] {
    const whole = this.#stretches.find(({ state }) => state === 'closed');
    return (whole ?? this.#stretches.at(-1))?.spans ?? [];
  }
}
