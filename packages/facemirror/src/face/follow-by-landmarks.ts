import type { Frame } from '../frames/frame.js';
import type { Following, Landmarker } from './adapters.js';
import type { Follower, Observing } from './follower.js';
import type { Detection, FaceObservation } from './observation.js';
import { area, chooseFace, type FaceChoice, type FaceSearch } from './search.js';

/** Detections of one search that the landmarker is asked about. */
const MOST_CANDIDATES = 8;

/**
 * Detection, landmarks, then landmarks in the region of the last ones for as long as they show a face, then detection
 * again. One frame at a time: each one's region comes from the frame before.
 */
export class FollowByLandmarks implements Follower {
  readonly #search: FaceSearch;
  readonly #landmarker: Landmarker;
  readonly #following: Extract<Following, { kind: 'landmarks' }>;
  readonly #choice: FaceChoice;
  #last: FaceObservation | null = null;

  constructor(search: FaceSearch, landmarker: Landmarker, following: Extract<Following, { kind: 'landmarks' }>, choice: FaceChoice) {
    this.#search = search;
    this.#landmarker = landmarker;
    this.#following = following;
    this.#choice = choice;
  }

  async follow(frame: Frame): Promise<Observing> {
    const tracked = this.#last === null ? null : await this.#landmarker.observe(frame, this.#following.nextRegion(this.#last));
    const face = tracked ?? (await this.#search.run(frame, (found) => this.#observeChosen(frame, found)));
    this.#search.seen(face !== null);
    this.#last = face;
    return { face: Promise.resolve(face) };
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
