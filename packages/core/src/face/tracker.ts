import type { Frame } from '../frames/frame.js';
import type { FaceDetector, Landmarker } from './adapters.js';
import { FollowByDetections } from './follow-by-detections.js';
import { FollowByLandmarks } from './follow-by-landmarks.js';
import type { Follower } from './follower.js';
import type { FaceObservation } from './observation.js';
import { FaceSearch, type FaceChoice, type SearchCounts } from './search.js';

export interface TrackerOptions {
  /** Default `largest`. */
  readonly face?: FaceChoice;
}

/** What the tracker did, for the sidecar and the report. */
export interface TrackerCounts extends SearchCounts {
  readonly frames: number;
  readonly framesWithFace: number;
}

/**
 * Follows one face through a video, as the suite's landmarker says ({@link Following}). Give it every frame once, in
 * order; it keeps no frame.
 *
 * What it does depends on the frames alone, so that two runs see the same.
 */
export class Tracker {
  readonly #search: FaceSearch;
  readonly #follower: Follower;
  #counts = { frames: 0, framesWithFace: 0 };
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    { detector, landmarker }: { readonly detector: FaceDetector; readonly landmarker: Landmarker },
    { face: choice = 'largest' }: TrackerOptions = {},
  ) {
    this.#search = new FaceSearch(detector, choice);
    const { following } = landmarker;
    this.#follower =
      following.kind === 'landmarks'
        ? new FollowByLandmarks(this.#search, landmarker, following, choice)
        : new FollowByDetections(this.#search, landmarker, following.newInterval(), choice);
  }

  get counts(): TrackerCounts {
    return { ...this.#counts, ...this.#search.counts };
  }

  /**
   * The followed face in the next frame, or null. Frames may be given without waiting for the one before: they are
   * worked off in the order in which they came. A frame must not be released before its promise has settled.
   * @param onTurn called when the frame's turn has come.
   */
  async next(frame: Frame, onTurn: () => void = () => undefined): Promise<FaceObservation | null> {
    const following = this.#queue.then(() => {
      onTurn();
      this.#counts.frames++;
      return this.#follower.follow(frame);
    });
    this.#queue = following.catch(() => undefined);
    const face = await (await following).face;
    if (face !== null) this.#counts.framesWithFace++;
    return face;
  }
}
