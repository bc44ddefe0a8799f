import type { Frame } from '../frames/frame.js';
import type { FaceDetector, Landmarker } from './adapters.js';
import type { Box, Detection, FaceObservation } from './observation.js';

/**
 * Which face to follow: the largest, the one farthest to the left or right of the picture, or the Nth from the
 * picture's left (1 is the first). These are the picture's sides.
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

/** In which frames the searches are made while no face is seen: the longer it was lost, the rarer. */
const SEARCH_SCHEDULE = [
  { lostFor: 15, quickEvery: 1, thoroughEvery: 5 },
  { lostFor: 60, quickEvery: 2, thoroughEvery: 10 },
  { lostFor: Infinity, quickEvery: 3, thoroughEvery: 30 },
] as const;

/** Detections of one search that the landmarker is asked about. */
const MOST_CANDIDATES = 8;

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
  #lostFor = 0;
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
      this.#lostFor++;
    } else {
      this.#lostFor = 0;
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
    const { quickEvery, thoroughEvery } = SEARCH_SCHEDULE.find(({ lostFor }) => this.#lostFor < lostFor) ?? SEARCH_SCHEDULE[2];
    const isThorough = this.#detector.hasThorough && this.#lostFor % thoroughEvery === 0;
    // Which face is the Nth can be told only when the small ones are seen, too.
    const isQuick = this.#lostFor % quickEvery === 0 && !(isThorough && this.#choice !== 'largest');
    if (isQuick) {
      this.#counts.quickSearches++;
      const face = await this.#observeChosen(frame, await this.#detector.detect(frame, 'quick'));
      if (face !== null) return face;
    }
    if (!isThorough) return null;
    this.#counts.thoroughSearches++;
    return this.#observeChosen(frame, await this.#detector.detect(frame, 'thorough'));
  }

  /** The chosen one of those detections that the landmarker finds to be faces. */
  async #observeChosen(frame: Frame, detections: readonly Detection[]): Promise<FaceObservation | null> {
    const likely = [...detections].sort((a, b) => area(b) - area(a)).slice(0, MOST_CANDIDATES);
    const faces: FaceObservation[] = [];
    for (const detection of likely) {
      const face = await this.#landmarker.observe(frame, this.#landmarker.regionOf(detection));
      if (face !== null && this.#choice === 'largest') return face;
      if (face !== null) faces.push(face);
    }
    return chooseFace(faces, this.#choice);
  }
}

/** The face that a choice means; null when there are too few. Faces of the same place and size keep their order. */
export function chooseFace<T extends { readonly box: Box }>(faces: readonly T[], choice: FaceChoice): T | null {
  if (choice === 'largest') return faces.reduce<T | null>((best, each) => (best === null || area(each) > area(best) ? each : best), null);
  const fromLeft = [...faces].sort((a, b) => a.box.x + a.box.width / 2 - (b.box.x + b.box.width / 2));
  if (choice === 'left') return fromLeft[0] ?? null;
  if (choice === 'right') return fromLeft.at(-1) ?? null;
  return fromLeft[choice - 1] ?? null;
}

function area({ box }: { readonly box: Box }): number {
  return box.width * box.height;
}
