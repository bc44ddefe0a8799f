import type { Frame } from '../frames/frame.js';
import type { FaceDetector, Landmarker } from './adapters.js';
import type { Detection, FaceObservation } from './observation.js';

/**
 * Which face to follow: the largest, the one farthest to the left or right of the picture, or the Nth from the picture's
 * left (1 is the first).
 */
export type FaceChoice = 'largest' | 'left' | 'right' | number;

export interface TrackerOptions {
  /** Default `largest`. */
  readonly face?: FaceChoice;
}

/** What the tracker did, for the sidecar and the report. */
export interface TrackerCounts {
  readonly frames: number;
  readonly framesWithFace: number;
  readonly quickSearches: number;
  readonly thoroughSearches: number;
}

/** Frames without a face after which each search is only tried every so often: [frames since the loss, interval]. */
const SEARCH_SCHEDULE = [
  { sinceLoss: 15, quickEvery: 1, thoroughEvery: 5 },
  { sinceLoss: 60, quickEvery: 2, thoroughEvery: 10 },
  { sinceLoss: Infinity, quickEvery: 3, thoroughEvery: 30 },
] as const;

/**
 * Follows one face through a video: detection, landmarks, then landmarks in the region of the last ones for as long as
 * they show a face, then detection again. Give it every frame once, in order; it keeps no frame.
 *
 * What it does depends on the frames alone, so that two runs see the same.
 */
export class Tracker {
  readonly #detector: FaceDetector;
  readonly #landmarker: Landmarker;
  readonly #choice: FaceChoice;
  #last: FaceObservation | null = null;
  /** Frames since a face was last seen, or since the start. */
  #sinceLoss = 0;
  #counts = { frames: 0, framesWithFace: 0, quickSearches: 0, thoroughSearches: 0 };
  #queue: Promise<unknown> = Promise.resolve();

  constructor(adapters: { readonly detector: FaceDetector; readonly landmarker: Landmarker }, options: TrackerOptions = {}) {
    this.#detector = adapters.detector;
    this.#landmarker = adapters.landmarker;
    this.#choice = options.face ?? 'largest';
  }

  get counts(): TrackerCounts {
    return { ...this.#counts };
  }

  /** The followed face in the next frame, or null. Calls are worked off one after another, in the order they were made. */
  next(frame: Frame): Promise<FaceObservation | null> {
    const result = this.#queue.then(() => this.#follow(frame));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #follow(frame: Frame): Promise<FaceObservation | null> {
    this.#counts.frames++;
    const face = (await this.#track(frame)) ?? (await this.#search(frame));
    if (face === null) {
      this.#sinceLoss++;
    } else {
      this.#sinceLoss = 0;
      this.#counts.framesWithFace++;
    }
    this.#last = face;
    return face;
  }

  /** Looks where the last frame's face says. */
  async #track(frame: Frame): Promise<FaceObservation | null> {
    const region = this.#last === null ? null : this.#landmarker.nextRegion(this.#last);
    return region === null ? null : this.#landmarker.observe(frame, region);
  }

  /** Looks over the whole frame, as hard as the time since the face was lost allows. */
  async #search(frame: Frame): Promise<FaceObservation | null> {
    const schedule = SEARCH_SCHEDULE.find(({ sinceLoss }) => this.#sinceLoss < sinceLoss) ?? SEARCH_SCHEDULE[2];
    const isThorough = this.#detector.hasThorough && this.#sinceLoss % schedule.thoroughEvery === 0;
    if (this.#sinceLoss % schedule.quickEvery === 0) {
      this.#counts.quickSearches++;
      const face = await this.#observeChosen(frame, await this.#detector.detect(frame, 'quick'));
      if (face !== null) return face;
    }
    if (!isThorough) return null;
    this.#counts.thoroughSearches++;
    return this.#observeChosen(frame, await this.#detector.detect(frame, 'thorough'));
  }

  async #observeChosen(frame: Frame, detections: readonly Detection[]): Promise<FaceObservation | null> {
    const chosen = chooseFace(detections, this.#choice);
    return chosen === null ? null : this.#landmarker.observe(frame, this.#landmarker.regionOf(chosen));
  }
}

/** The detection that a choice means; null when there are too few. */
export function chooseFace(detections: readonly Detection[], choice: FaceChoice): Detection | null {
  const fromLeft = [...detections].sort((a, b) => a.box.x + a.box.width / 2 - (b.box.x + b.box.width / 2));
  if (typeof choice === 'number') return fromLeft[choice - 1] ?? null;
  if (choice === 'left') return fromLeft[0] ?? null;
  if (choice === 'right') return fromLeft.at(-1) ?? null;
  return detections.reduce<Detection | null>((best, each) => (best === null || area(each) > area(best) ? each : best), null);
}

function area({ box }: Detection): number {
  return box.width * box.height;
}
