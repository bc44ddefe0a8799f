import { mean } from '../../arithmetic.js';
import type { DetectionInterval } from '../../face/adapters.js';
import { fitHeadPose, headAngles } from '../../face/head-pose.js';
import type { Box, FaceObservation } from '../../face/observation.js';

const SHORTEST = 1;
const LONGEST = 8;
const FIRST = 2;
/** Yaws that are looked at, and how many there must be. */
const WINDOW = 5;
const FEWEST = 3;
/** Degrees of deviation at which a head counts as wholly unstable, and the stability that is asked for. */
const RESTLESS_DEGREES = 5;
const STABLE = 0.7;
/** How far the face may move away from the detection's box till the next one, as a part of the box's shorter side. */
const MOST_DRIFT = 0.05;

/**
 * After how many frames the face is detected again: 1 to 8, one more after each detection that finds the head stable,
 * one less after each that does not. Stable means 1 - deviation(last yaws) / 5 degrees >= 0.7, as in Face Mirror 2. And
 * no more than in which a face that goes on moving as between the last two detections leaves its box by a twentieth.
 */
export class AdaptiveInterval implements DetectionInterval {
  #frames = FIRST;
  readonly #yaws: number[] = [];
  #last: { readonly box: Box; readonly frames: number } | null = null;

  observe({ landmarks }: FaceObservation): void {
    const pose = fitHeadPose(landmarks);
    if (pose !== null) this.turned(headAngles(pose).yaw);
  }

  /** Takes in the yaw of one more frame, in degrees. */
  turned(yaw: number): void {
    this.#yaws.push(yaw);
    if (this.#yaws.length > WINDOW) this.#yaws.shift();
  }

  detected(face: Box | null): number {
    if (face !== null) this.#adapt();
    const pace = face === null || this.#last === null ? 0 : drift(this.#last.box, face) / this.#last.frames;
    const frames = Math.max(SHORTEST, Math.min(this.#frames, Math.floor(MOST_DRIFT / pace)));
    this.#last = face === null ? null : { box: face, frames };
    return frames;
  }

  #adapt(): void {
    if (this.#yaws.length < FEWEST) return;
    const middle = mean(this.#yaws);
    const deviation = Math.sqrt(mean(this.#yaws.map((yaw) => (yaw - middle) ** 2)));
    const isStable = 1 - deviation / RESTLESS_DEGREES >= STABLE;
    this.#frames = isStable ? Math.min(LONGEST, this.#frames + 1) : Math.max(SHORTEST, this.#frames - 1);
  }
}

/** How far a box's sides have moved, as a part of the shorter side. */
function drift(from: Box, to: Box): number {
  const sides = [
    to.x - from.x,
    to.y - from.y,
    to.x + to.width - from.x - from.width,
    to.y + to.height - from.y - from.height,
  ];
  return Math.max(...sides.map(Math.abs)) / Math.max(1, Math.min(from.width, from.height));
}
