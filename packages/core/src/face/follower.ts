import type { Frame } from '../frames/frame.js';
import type { FaceObservation } from './observation.js';

/** What is under way for a frame: the face in it, or null. */
export interface Observing {
  readonly face: Promise<FaceObservation | null>;
}

/** A way of following a face. Given the frames in order, each when the promise for the one before has settled. */
export interface Follower {
  /** Resolves as soon as the next frame may come, which may be before this one's face is known. */
  follow(frame: Frame): Promise<Observing>;
}
