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

/** Where the samples of a patch lie, in steps from its middle, and what each counts for; these add up to 1. */
const SAMPLES = samplesOfPatch();

function samplesOfPatch(): readonly { readonly x: number; readonly y: number; readonly weight: number }[] {
  const offsets = Array.from({ length: 2 * PATCH_REACH + 1 }, (_, i) => i - PATCH_REACH);
  const bell = (offset: number): number => Math.exp(-(offset ** 2) / (2 * PATCH_BELL ** 2));
  const total = offsets.reduce((sum, offset) => sum + bell(offset), 0);
  return offsets.flatMap((y) =>
    offsets.map((x) => ({
      x: x * STEPS_A_MILLIMETRE,
      y: y * STEPS_A_MILLIMETRE,
      weight: (bell(x) * bell(y)) / total ** 2,
    })),
  );
}

/** Brightness about a point of the face, with mean 0 and spread 1. */
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

  /** The patch so many steps outwards and down from the middle; a smooth picture gives NaN. */
  patch(out: number, down: number): Patch {
    const at = (this.#reach + down) * this.#side + this.#reach + out;
    const patch = Float64Array.from(SAMPLES, ({ x, y }) => this.#values[at + y * this.#side + x] ?? NaN);
    let mean = 0;
    SAMPLES.forEach(({ weight }, i) => (mean += weight * (patch[i] ?? NaN)));
    let squares = 0;
    SAMPLES.forEach(({ weight }, i) => (squares += weight * ((patch[i] ?? NaN) - mean) ** 2));
    const spread = Math.sqrt(squares);
    return patch.map((value) => (spread > 0 ? (value - mean) / spread : NaN));
  }
}

/** How alike two patches are, whatever their brightness and contrast: their correlation, -1 to 1. */
export function likeness(a: Patch, b: Patch): number {
  let sum = 0;
  for (let i = 0; i < SAMPLES.length; i++) sum += (SAMPLES[i]?.weight ?? NaN) * (a[i] ?? NaN) * (b[i] ?? NaN);
  return sum;
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
  return Float64Array.from({ length: side * side }, (_, at) => {
    const middle = (Math.floor(at / side) + 1) * wide + (at % side) + 1;
    let sum = 0;
    for (const row of [-wide, 0, wide]) for (const column of [-1, 0, 1]) sum += values[middle + row + column] ?? NaN;
    return sum / 9;
  });
}

function within(place: number, size: number): number {
  return Math.min(Math.max(place, 0), size - 1);
}
