import { sum } from '../arithmetic.js';
import type { Frame } from '../frames/frame.js';
import type { FaceRegion, Following } from './adapters.js';
import type { FaceObservation } from './observation.js';
import { axesOf } from './region-axes.js';

/**
 * A face so unlike all that were looked at closely (root mean square of its landmarks, in widths of the region) is
 * looked at closely, too.
 */
const UNLIKE = 0.01;
/** What was seen of a face so unlike the present one counts a quarter. */
const LIKENESS = 0.006;
/** Faces that are remembered. */
const MEMORY = 12;
/**
 * Frames from one close look to the next at least; the second while so many faces are remembered that new ones push old
 * ones out.
 */
const PAUSE = { first: 15, full: 60 } as const;

/** What looks again. */
type Looker = Pick<Extract<Following, { kind: 'landmarks' }>, 'furtherLooks' | 'lookAgain'>;

/** A face that was looked at closely. */
interface Studied {
  /** x and y of each landmark in the region's axes and widths, from their mean. */
  readonly shape: Float32Array;
  /** What is to be added to x, y and z of each landmark, in the region's axes and widths. */
  readonly correction: Float32Array;
}

/**
 * Takes off the side that a landmark network favours. What it says of a face depends a little on how the picture is
 * cut, and differs from what it says of the mirrored picture: with the nets of the npm package a face and its mirror
 * image gave midlines 1.4 % of the distance between the eyes apart, and every measure that sets left against right had
 * a share.
 *
 * A face that looks new, at first or by its turn or expression, is looked at closely: cut in several ways, each as it
 * is and mirrored. How far the mean of these looks lies from the plain one is added to the landmarks of this frame and
 * of all that look like it. What is done depends on the frames alone.
 */
export class LandmarkBalance {
  readonly #looker: Looker;
  readonly #studied: Studied[] = [];
  #framesSince = Infinity;

  constructor(looker: Looker) {
    this.#looker = looker;
  }

  /** The face of the next frame that has one, its landmarks balanced. */
  async balanced(frame: Frame, region: FaceRegion, face: FaceObservation): Promise<FaceObservation> {
    const { landmarks } = face;
    const shape = shapeOf(landmarks.points, region);
    if (shape === null) return face;
    this.#framesSince++;
    const pause = this.#studied.length < MEMORY ? PAUSE.first : PAUSE.full;
    const isNew = this.#studied.every((studied) => unlikeness(studied.shape, shape) > UNLIKE);
    if (isNew && this.#framesSince >= pause) {
      this.#framesSince = 0;
      this.#studied.push({ shape, correction: await this.#study(frame, region, landmarks.points) });
      if (this.#studied.length > MEMORY) this.#studied.shift();
    }
    return {
      ...face,
      landmarks: { ...landmarks, points: corrected(landmarks.points, region, this.#correctionFor(shape)) },
    };
  }

  /** From the plain look to the mean of all, in the region's axes and widths. */
  async #study(frame: Frame, region: FaceRegion, plain: Float32Array): Promise<Float32Array> {
    const total = Float64Array.from(plain);
    let looks = 1;
    for (let look = 0; look < this.#looker.furtherLooks; look++) {
      const seen = await this.#looker.lookAgain(frame, region, look);
      if (seen === null) continue;
      looks++;
      seen.forEach((value, at) => (total[at] = (total[at] ?? NaN) + value));
    }
    const [cos, sin] = axesOf(region);
    const correction = new Float32Array(plain.length);
    for (let at = 0; at < plain.length; at += 3) {
      const [x, y, z] = [0, 1, 2].map(
        (axis) => ((total[at + axis] ?? NaN) / looks - (plain[at + axis] ?? NaN)) / region.width,
      ) as [number, number, number];
      correction.set([x * cos + y * sin, y * cos - x * sin, z], at);
    }
    return correction;
  }

  /** The corrections of the faces that were looked at closely, each counting by its likeness. */
  #correctionFor(shape: Float32Array): Float32Array {
    const weights = this.#studied.map((studied) => 1 / (1 + (unlikeness(studied.shape, shape) / LIKENESS) ** 2) ** 2);
    const total = sum(weights);
    const mean = new Float32Array((shape.length / 2) * 3);
    this.#studied.forEach(({ correction }, place) => {
      const weight = (weights[place] ?? 0) / total;
      for (let at = 0; at < mean.length; at++) mean[at] = (mean[at] ?? 0) + weight * (correction[at] ?? 0);
    });
    return mean;
  }
}

/** Null when a landmark is not finite. */
function shapeOf(points: Float32Array, region: FaceRegion): Float32Array | null {
  const [cos, sin] = axesOf(region);
  const count = points.length / 3;
  const shape = new Float32Array(2 * count);
  let [meanX, meanY] = [0, 0];
  for (let point = 0; point < count; point++) {
    const x = (points[3 * point] ?? NaN) / region.width;
    const y = (points[3 * point + 1] ?? NaN) / region.width;
    shape[2 * point] = x * cos + y * sin;
    shape[2 * point + 1] = y * cos - x * sin;
    meanX += (shape[2 * point] ?? NaN) / count;
    meanY += (shape[2 * point + 1] ?? NaN) / count;
  }
  if (!Number.isFinite(meanX + meanY)) return null;
  for (let at = 0; at < shape.length; at += 2) {
    shape[at] = (shape[at] ?? NaN) - meanX;
    shape[at + 1] = (shape[at + 1] ?? NaN) - meanY;
  }
  return shape;
}

/** Root of the mean square of the distances between the landmarks of two shapes. */
function unlikeness(a: Float32Array, b: Float32Array): number {
  let squares = 0;
  for (let at = 0; at < a.length; at++) squares += ((a[at] ?? NaN) - (b[at] ?? NaN)) ** 2;
  return Math.sqrt((2 * squares) / a.length);
}

function corrected(points: Float32Array, region: FaceRegion, correction: Float32Array): Float32Array {
  const [cos, sin] = axesOf(region);
  const result = new Float32Array(points.length);
  for (let at = 0; at < points.length; at += 3) {
    const across = correction[at] ?? 0;
    const down = correction[at + 1] ?? 0;
    const depth = correction[at + 2] ?? 0;
    result[at] = (points[at] ?? 0) + region.width * (across * cos - down * sin);
    result[at + 1] = (points[at + 1] ?? 0) + region.width * (across * sin + down * cos);
    result[at + 2] = (points[at + 2] ?? 0) + region.width * depth;
  }
  return result;
}
