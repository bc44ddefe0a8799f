import type { Frame } from '../frames/frame.js';
import type { FaceDetector, QuarterTurn } from './adapters.js';
import type { Box, Detection } from './observation.js';

/**
 * Which face to follow: the largest, the one farthest to the left or right of the picture, or the Nth from the
 * picture's left (1 is the first). These are the picture's sides.
 */
export type FaceChoice = 'largest' | 'left' | 'right' | number;

/** Searches that were made. */
export interface SearchCounts {
  readonly quickSearches: number;
  readonly thoroughSearches: number;
  /** The most faces that one search found. */
  readonly mostFaces: number;
}

/** In which frames the searches are made while no face is seen: the longer it was lost, the rarer. */
const SEARCH_SCHEDULE = [
  { lostFor: 15, quickEvery: 1, thoroughEvery: 5 },
  { lostFor: 60, quickEvery: 2, thoroughEvery: 10 },
  { lostFor: Infinity, quickEvery: 3, thoroughEvery: 30 },
] as const;

/** Looks for the face to follow with a detector, as hard as the time since it was lost allows. For one video. */
export class FaceSearch {
  readonly #detector: FaceDetector;
  readonly #choice: FaceChoice;
  /** Frames since a face was last seen, or since the start. */
  #lostFor = 0;
  #near: Box | null = null;
  #counts = { quickSearches: 0, thoroughSearches: 0, mostFaces: 0 };

  constructor(detector: FaceDetector, choice: FaceChoice) {
    this.#detector = detector;
    this.#choice = choice;
  }

  get counts(): SearchCounts {
    return { ...this.#counts };
  }

  /** Faces that stand turned in a frame; null where the detector cannot look for them. */
  async turned(frame: Frame, turn: QuarterTurn): Promise<readonly Detection[] | null> {
    return (await this.#detector.detectTurned?.(frame, turn)) ?? null;
  }

  /** To be told how many faces a search found, once those that are none are sorted out. */
  found(faces: number): void {
    this.#counts.mostFaces = Math.max(this.#counts.mostFaces, faces);
  }

  /** To be told of every frame whether it shows the face: what depends on how long it was lost for. */
  seen(isThere: boolean): void {
    this.#lostFor = isThere ? 0 : this.#lostFor + 1;
  }

  /**
   * Looks at a frame, where the time since the face was lost allows it.
   * @param choose picks the followed face from those that one search found; null when it is not among them.
   */
  async run<T>(frame: Frame, choose: (found: readonly Detection[]) => Promise<T | null> | T | null): Promise<T | null> {
    const { quickEvery, thoroughEvery } =
      SEARCH_SCHEDULE.find(({ lostFor }) => this.#lostFor < lostFor) ?? SEARCH_SCHEDULE[2];
    const isThorough = this.#detector.hasThorough && this.#lostFor % thoroughEvery === 0;
    // Which face is the Nth can be told only when the small ones are seen, too.
    const isQuick = this.#lostFor % quickEvery === 0 && !(isThorough && this.#choice !== 'largest');
    if (isQuick) {
      this.#counts.quickSearches++;
      const found = await this.#detector.detect(frame, 'quick', this.#near);
      this.#near = this.#detector.regionOfInterest?.(this.#near, found) ?? null;
      const face = await choose(found);
      if (face !== null) return face;
    }
    if (!isThorough) return null;
    this.#counts.thoroughSearches++;
    const found = await this.#detector.detect(frame, 'thorough');
    this.#near = this.#detector.regionOfInterest?.(null, found) ?? null;
    return choose(found);
  }
}

/** The face that a choice means; null when there are too few. Faces of the same place and size keep their order. */
export function chooseFace<T extends { readonly box: Box }>(faces: readonly T[], choice: FaceChoice): T | null {
  if (choice === 'largest')
    return faces.reduce<T | null>((best, each) => (best === null || area(each) > area(best) ? each : best), null);
  const fromLeft = [...faces].sort((a, b) => a.box.x + a.box.width / 2 - (b.box.x + b.box.width / 2));
  if (choice === 'left') return fromLeft[0] ?? null;
  if (choice === 'right') return fromLeft.at(-1) ?? null;
  return fromLeft[choice - 1] ?? null;
}

/** Of a face's box, in square pixels. */
export function area({ box }: { readonly box: Box }): number {
  return box.width * box.height;
}
