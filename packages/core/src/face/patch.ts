import { framePlanes, type Frame } from '../frames/frame.js';
import type { FaceRegion } from './adapters.js';
import type { PictureHalf, Point } from './observation.js';
import { axesOf } from './region-axes.js';

/** A millimetre where the middles of the eyes are 63 mm apart, in widths of the region of a mirrored face. */
export const MILLIMETRE = 1 / 63 / 4.2;
/** Samples of a patch lie a millimetre apart, and patches are compared half a millimetre apart. */
const STEPS_A_MILLIMETRE = 2;
const STEP = MILLIMETRE / STEPS_A_MILLIMETRE;
/** Samples from a patch's middle to its edge, and the standard deviation of the bell by which they count. */
const PATCH_REACH = 6;
const PATCH_BELL = 4;

/** What each sample of a patch counts for, row by row; these add up to 1. */
const WEIGHTS = weightsOfSamples();
const SAMPLES_A_SIDE = 2 * PATCH_REACH + 1;

function weightsOfSamples(): Float64Array {
  const bell = Array.from({ length: 2 * PATCH_REACH + 1 }, (_, i) =>
    Math.exp(-((i - PATCH_REACH) ** 2) / (2 * PATCH_BELL ** 2)),
  );
  const total = bell.reduce((sum, value) => sum + value, 0);
  return Float64Array.from(bell.flatMap((y) => bell.map((x) => (x * y) / total ** 2)));
}

/** Brightness about a point of the face, with mean 0 and spread 1; NaN where the picture is smooth. */
export type Patch = Float64Array;

/**
 * The brightness of the picture about a place on a mirrored face, in steps of half a millimetre, from the half that is
 * mirrored.
 */
export class PatchField {
  readonly #side: number;
  readonly #reach: number;
  readonly #values: Float64Array;

  /**
   * @param middle in widths of the region from its middle: outwards from the midline, and down
   * @param steps how far about it patches are asked for
   */
  constructor(frame: Frame, region: FaceRegion, half: PictureHalf, middle: Point, steps: number) {
    this.#reach = steps + PATCH_REACH * STEPS_A_MILLIMETRE;
    this.#side = 2 * this.#reach + 1;
    this.#values = smoothed(sampled(frame, region, half, middle, this.#reach + 1), this.#side);
  }

  /** The patch so many steps outwards and down from the middle. */
  patch(out: number, down: number): Patch {
    const patch = new Float64Array(WEIGHTS.length);
    const first = this.#first(out, down);
    let [mean, squares] = [0, 0];
    for (let at = 0; at < patch.length; at++) {
      const value = this.#sample(first, at);
      patch[at] = value;
      mean += (WEIGHTS[at] ?? NaN) * value;
      squares += (WEIGHTS[at] ?? NaN) * value * value;
    }
    const spread = spreadOf(mean, squares);
    return patch.map((value) => (value - mean) / spread);
  }

  /**
   * How alike the patch so many steps outwards and down and another one are, whatever their brightness and contrast:
   * their correlation, -1 to 1; NaN where the picture is smooth.
   */
  likeness(out: number, down: number, other: Patch): number {
    const first = this.#first(out, down);
    let [mean, squares, product] = [0, 0, 0];
    for (let at = 0; at < other.length; at++) {
      const value = this.#sample(first, at);
      const weighted = (WEIGHTS[at] ?? NaN) * value;
      mean += weighted;
      squares += weighted * value;
      product += weighted * (other[at] ?? NaN);
    }
    return product / spreadOf(mean, squares);
  }

  #first(out: number, down: number): number {
    const start = this.#reach - PATCH_REACH * STEPS_A_MILLIMETRE;
    return (start + down) * this.#side + start + out;
  }

  #sample(first: number, at: number): number {
    const row = (at / SAMPLES_A_SIDE) | 0;
    const column = at - row * SAMPLES_A_SIDE;
    return this.#values[first + STEPS_A_MILLIMETRE * (row * this.#side + column)] ?? NaN;
  }
}

/** NaN for hardly any, half a grey level: what differs then is noise. */
function spreadOf(mean: number, squares: number): number {
  const variance = squares - mean * mean;
  return variance > 0.25 ? Math.sqrt(variance) : NaN;
}

/** Steps in widths of the region. */
export function stepsToWidths(steps: number): number {
  return steps * STEP;
}

function sampled(frame: Frame, region: FaceRegion, half: PictureHalf, middle: Point, reach: number): Float64Array {
  const { width, height, yStride } = frame.layout;
  const { y: luma } = framePlanes(frame);
  const [cos, sin] = axesOf(region);
  const side = 2 * reach + 1;
  const values = new Float64Array(side * side);
  for (let row = 0; row < side; row++) {
    const below = (middle.y + (row - reach) * STEP) * region.width;
    for (let column = 0; column < side; column++) {
      // Beyond the midline an even face shows the half itself again.
      const out = Math.abs(middle.x + (column - reach) * STEP) * region.width;
      const right = half === 'right' ? out : -out;
      const x = within(region.centre.x + right * cos - below * sin, width);
      const y = within(region.centre.y + right * sin + below * cos, height);
      const [left, top] = [Math.min(Math.floor(x), width - 2), Math.min(Math.floor(y), height - 2)];
      const at = top * yStride + left;
      const upper = (luma[at] ?? NaN) * (1 - x + left) + (luma[at + 1] ?? NaN) * (x - left);
      const lower = (luma[at + yStride] ?? NaN) * (1 - x + left) + (luma[at + yStride + 1] ?? NaN) * (x - left);
      values[row * side + column] = upper * (1 - y + top) + lower * (y - top);
    }
  }
  return values;
}

/** The mean of each value and its eight neighbours; one row and column less on each side. */
function smoothed(values: Float64Array, side: number): Float64Array {
  const wide = side + 2;
  const across = new Float64Array(wide * side);
  for (let row = 0; row < wide; row++)
    for (let column = 0; column < side; column++) {
      const at = row * wide + column;
      across[row * side + column] = (values[at] ?? NaN) + (values[at + 1] ?? NaN) + (values[at + 2] ?? NaN);
    }
  const means = new Float64Array(side * side);
  for (let at = 0; at < means.length; at++)
    means[at] = ((across[at] ?? NaN) + (across[at + side] ?? NaN) + (across[at + 2 * side] ?? NaN)) / 9;
  return means;
}

function within(place: number, size: number): number {
  return Math.min(Math.max(place, 0), size - 1);
}
