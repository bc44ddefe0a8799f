import type { Frame } from '../frames/frame.js';
import type { DetectionInterval, FaceRegion, Landmarker } from './adapters.js';
import type { Follower, Observing } from './follower.js';
import type { FaceObservation } from './observation.js';
import { chooseFace, type FaceChoice, type FaceSearch } from './search.js';

/**
 * What was seen in a frame has its say on the interval of detections so many frames later: no sooner, so that this many
 * frames can be looked at side by side, and no later, so that the result depends on the frames alone.
 */
export const INTERVAL_LAG = 12;

interface UnderWay {
  readonly number: number;
  readonly face: Promise<FaceObservation | null>;
}

/**
 * Detection, then landmarks in the detection's region for some frames, then the next detection. Frames do not wait for
 * the landmarks of those before: they are looked at in batches, or side by side.
 */
export class FollowByDetections implements Follower {
  readonly #search: FaceSearch;
  readonly #landmarker: Landmarker;
  readonly #interval: DetectionInterval;
  readonly #choice: FaceChoice;
  #frames = 0;
  /** Where the face is until the next detection, and how many frames are left till then. */
  #region: FaceRegion | null = null;
  #left = 0;
  /** Frames that the interval has not yet heard of, oldest first. */
  readonly #underWay: UnderWay[] = [];

  constructor(search: FaceSearch, landmarker: Landmarker, interval: DetectionInterval, choice: FaceChoice) {
    this.#search = search;
    this.#landmarker = landmarker;
    this.#interval = interval;
    this.#choice = choice;
  }

  async follow(frame: Frame): Promise<Observing> {
    const number = this.#frames++;
    if (this.#left === 0) await this.#detect(frame, number);
    this.#search.seen(this.#region !== null);
    if (this.#region === null) return { face: Promise.resolve(null) };
    this.#left--;
    const face = this.#landmarker.observe(frame, this.#region);
    // The caller that asked for this frame gets its failure.
    this.#underWay.push({ number, face: face.catch(() => null) });
    return { face };
  }

  async #detect(frame: Frame, number: number): Promise<void> {
    const detection = await this.#search.run(frame, (found) => {
      this.#search.found(found.length);
      return chooseFace(found, this.#choice);
    });
    while (this.#underWay[0] !== undefined && this.#underWay[0].number <= number - INTERVAL_LAG) {
      const face = await this.#underWay.shift()?.face;
      if (face !== undefined && face !== null) this.#interval.observe(face);
    }
    const frames = this.#interval.detected(detection?.box ?? null);
    this.#region = detection === null ? null : this.#landmarker.regionOf(detection);
    this.#left = detection === null ? 0 : frames;
  }
}
