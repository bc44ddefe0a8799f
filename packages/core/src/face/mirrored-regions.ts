import { mean, toDegrees } from '../arithmetic.js';
import type { FaceRegion } from './adapters.js';
import { fitHeadPose, MEAN_INTER_OCULAR_CM } from './head-pose.js';
import type { Midline } from './midline.js';
import type { FaceObservation } from './observation.js';
import { eyeCorners } from './steady-chin.js';

/**
 * Side of the square, and how far its middle lies below the eyes, in inter-ocular distances of the mean head as large
 * as this one: what MediaPipe's own rule gives for a resting face.
 */
const SIDE = 4.2;
const BELOW_EYES = 0.51;
/** Frames over which the size and the eyes' place along the midline are averaged. */
const FRAMES = 5;
/** A head whose size changes by more than this part from frame to frame is another one. */
const CUT = 0.25;

/**
 * Says where to look at the two mirrored faces. The square hangs on the eyes and the midline alone: one about all
 * landmarks moves with the mouth, and then the same lips are seen elsewhere. Fed in frame order.
 */
export class MirroredRegions {
  readonly #history: { readonly unit: number; readonly eyes: number }[] = [];

  /** The region of the next frame; null when it has no face to measure. */
  next(face: FaceObservation | null, midline: Midline | null): FaceRegion | null {
    const pose = face === null ? null : fitHeadPose(face.landmarks);
    if (face === null || midline === null || pose === null) {
      this.#history.length = 0;
      return null;
    }
    const { glabella, chin } = midline;
    const length = Math.hypot(chin.x - glabella.x, chin.y - glabella.y);
    const down = { x: (chin.x - glabella.x) / length, y: (chin.y - glabella.y) / length };
    const unit = pose.scale * MEAN_INTER_OCULAR_CM;
    const eyes =
      mean(eyeCorners(face.landmarks).map(({ x, y }) => (x - glabella.x) * down.x + (y - glabella.y) * down.y)) / unit;
    if (!Number.isFinite(unit + eyes) || !(unit > 0)) {
      this.#history.length = 0;
      return null;
    }
    const last = this.#history.at(-1);
    if (last !== undefined && Math.abs(unit - last.unit) > CUT * last.unit) this.#history.length = 0;
    this.#history.push({ unit, eyes });
    if (this.#history.length > FRAMES) this.#history.shift();
    const size = mean(this.#history.map((each) => each.unit));
    const along = (mean(this.#history.map((each) => each.eyes)) + BELOW_EYES) * size;
    return {
      centre: { x: glabella.x + along * down.x, y: glabella.y + along * down.y },
      width: SIDE * size,
      height: SIDE * size,
      angle: toDegrees(Math.atan2(-down.x, down.y)),
    };
  }
}
