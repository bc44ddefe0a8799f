import type { Crop } from './crop.js';
import type { Frame } from './frame.js';
import { kernelsOn } from './kernels.js';
import { SCRATCH_BYTES, withScratch } from './scratch.js';
import { triangleTaps, type Taps } from './triangle-taps.js';
import { rgbWeights } from './yuv-colour.js';

type MixRows = (plane: number, stride: number, count: number, weights: number, rows: number, out: number) => void;
type SqueezeRow = (row: number, firsts: number, groups: number, weights: number, count: number, out: number) => void;

/** The kernel squeezes a row by this many taps at a time, and reads as many floats even where fewer are left. */
const GROUP = 4;

/** One of a frame's planes, and what the pixels of a crop are made of in it. */
interface PlaneTaps {
  readonly offset: number;
  readonly stride: number;
  readonly rows: Taps;
  readonly columns: Taps;
}

/**
 * Resizes an upright rectangle of a frame with the antialiasing triangle of Pillow (`BILINEAR`) and of torchvision
 * (`antialias=True`), the two directions one after the other, in single precision.
 * @throws RangeError when one pixel of the crop is made of more of the frame than there is room for.
 */
export function cropAntialiased(frame: Frame, crop: Crop, out: Float32Array, start: number): void {
  const { offset, layout } = frame;
  const { width, height, toSource } = crop;
  const { xx, x0, yy, y0 } = toSource;
  const black = crop.border === 'black';
  const luma: PlaneTaps = {
    offset,
    stride: layout.yStride,
    rows: triangleTaps(yy, y0, height, layout.height, black, 1),
    columns: triangleTaps(xx, x0, width, layout.width, black, GROUP),
  };
  // Chroma samples stand at even luma columns and midway between two luma rows.
  const chroma = {
    stride: layout.uvStride,
    rows: triangleTaps(yy / 2, (y0 - 0.5) / 2, height, layout.chromaHeight, black, 1),
    columns: triangleTaps(xx / 2, x0 / 2, width, layout.chromaWidth, black, GROUP),
  };
  const planes = [
    luma,
    { offset: offset + layout.uOffset, ...chroma },
    { offset: offset + layout.vOffset, ...chroma },
  ] as const;
  for (let from = 0, to = width; from < width; from = to, to = width) {
    while (planes.reduce((sum, plane) => sum + ResizedRow.bytes(plane, from, to), 0) > SCRATCH_BYTES) {
      if (to - from === 1)
        throw new RangeError(
          `A crop of ${width}x${height} pixels is too small for a frame of ${layout.width}x${layout.height}.`,
        );
      to = from + ((to - from) >> 1);
    }
    cropBand(frame, crop, planes, from, to, out, start);
  }
}

/** Columns [from, to) of a crop. */
function cropBand(
  frame: Frame,
  crop: Crop,
  planes: readonly [PlaneTaps, PlaneTaps, PlaneTaps],
  from: number,
  to: number,
  out: Float32Array,
  start: number,
): void {
  const { width, height } = crop;
  const weights = rgbWeights(frame.colour);
  const [step, channelStep] = crop.layout === 'NCHW' ? [1, width * height] : [3, 1];
  const [red, blue] = crop.channels === 'RGB' ? ([0, 2] as const) : ([2, 0] as const);
  const [redScale, greenScale, blueScale] = [crop.scale[red], crop.scale[1], crop.scale[blue]];
  const [redOffset, greenOffset, blueOffset] = [crop.offset[red], crop.offset[1], crop.offset[blue]];
  const [{ rows, columns }] = planes;
  withScratch(frame.memory, (scratch) => {
    const luma = new ResizedRow(frame.memory, scratch, planes[0], from, to);
    const u = new ResizedRow(frame.memory, luma.end, planes[1], from, to);
    const v = new ResizedRow(frame.memory, u.end, planes[2], from, to);
    for (let row = 0; row < height; row++) {
      luma.read(row);
      u.read(row);
      v.read(row);
      const rowInside = rows.inside[row] ?? 0;
      for (let column = from; column < to; column++) {
        const inside = rowInside * (columns.inside[column] ?? 0);
        const light = ((luma.values[column - from] ?? 0) - weights.yOffset) * weights.y;
        const blueDifference = (u.values[column - from] ?? 0) - 128;
        const redDifference = (v.values[column - from] ?? 0) - 128;
        const at = start + (row * width + column) * step;
        out[at + red * channelStep] = clampByte(light + weights.rv * redDifference) * inside * redScale + redOffset;
        out[at + channelStep] =
          clampByte(light + weights.gu * blueDifference + weights.gv * redDifference) * inside * greenScale +
          greenOffset;
        out[at + blue * channelStep] = clampByte(light + weights.bu * blueDifference) * inside * blueScale + blueOffset;
      }
    }
  });
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/**
 * Columns [from, to) of a crop in one plane, row by row: a row's source rows mixed, then that row's columns squeezed.
 */
class ResizedRow {
  /** The row that was read last. */
  readonly values: Float32Array;
  /** Where the scratch memory is free again. */
  readonly end: number;
  readonly #plane: PlaneTaps;
  readonly #mixRows: MixRows;
  readonly #squeezeRow: SqueezeRow;
  /** The source columns that are needed. */
  readonly #left: number;
  readonly #extent: number;
  readonly #rowWeights: Float32Array;
  readonly #mixed: number;
  readonly #firsts: number;
  readonly #groups: number;
  readonly #weights: number;

  /** @param at where scratch memory is free, {@link ResizedRow.bytes} of it. */
  constructor(memory: WebAssembly.Memory, at: number, plane: PlaneTaps, from: number, to: number) {
    const kernels = kernelsOn('frames', memory);
    this.#mixRows = kernels['mixRows'] as MixRows;
    this.#squeezeRow = kernels['squeezeRow'] as SqueezeRow;
    this.#plane = plane;
    const { columns, rows } = plane;
    const count = to - from;
    ({ left: this.#left, extent: this.#extent } = extentOf(columns, from, to));
    this.#rowWeights = new Float32Array(memory.buffer, at, longest(rows));
    const mixed = new Float32Array(memory.buffer, at + this.#rowWeights.byteLength, this.#extent + GROUP - 1);
    mixed.fill(0, this.#extent);
    const firsts = new Int32Array(memory.buffer, mixed.byteOffset + mixed.byteLength, count);
    const groups = new Int32Array(memory.buffer, firsts.byteOffset + firsts.byteLength, count);
    for (let i = 0; i < count; i++) {
      firsts[i] = (columns.first[from + i] ?? 0) - this.#left;
      groups[i] = Math.ceil((columns.count[from + i] ?? 0) / GROUP);
    }
    const own = weightsOf(columns, from, to);
    const weights = new Float32Array(memory.buffer, groups.byteOffset + groups.byteLength, own.length);
    weights.set(own);
    this.values = new Float32Array(memory.buffer, weights.byteOffset + weights.byteLength, count);
    this.end = this.values.byteOffset + this.values.byteLength;
    [this.#mixed, this.#firsts, this.#groups, this.#weights] = [
      mixed.byteOffset,
      firsts.byteOffset,
      groups.byteOffset,
      weights.byteOffset,
    ];
  }

  /** Bytes of scratch memory that these columns need. */
  static bytes({ rows, columns }: PlaneTaps, from: number, to: number): number {
    return (
      4 *
      (longest(rows) +
        extentOf(columns, from, to).extent +
        GROUP -
        1 +
        3 * (to - from) +
        weightsOf(columns, from, to).length)
    );
  }

  read(row: number): void {
    const { offset, stride, rows } = this.#plane;
    const count = rows.count[row] ?? 0;
    const begin = rows.begin[row] ?? 0;
    for (let tap = 0; tap < count; tap++) this.#rowWeights[tap] = rows.weights[begin + tap] ?? 0;
    this.#mixRows(
      offset + (rows.first[row] ?? 0) * stride + this.#left,
      stride,
      this.#extent,
      this.#rowWeights.byteOffset,
      count,
      this.#mixed,
    );
    this.#squeezeRow(
      this.#mixed,
      this.#firsts,
      this.#groups,
      this.#weights,
      this.values.length,
      this.values.byteOffset,
    );
  }
}

/** The source pixels that output pixels [from, to) are made of: the first, and how many. */
function extentOf(
  { first, count }: Taps,
  from: number,
  to: number,
): { readonly left: number; readonly extent: number } {
  const left = first[from] ?? 0;
  return { left, extent: (first[to - 1] ?? 0) + (count[to - 1] ?? 0) - left };
}

/** The weights of output pixels [from, to). */
function weightsOf({ begin, weights }: Taps, from: number, to: number): Float32Array {
  return weights.subarray(begin[from], to < begin.length ? begin[to] : undefined);
}

/** The most taps of an output pixel. */
function longest({ count }: Taps): number {
  return count.reduce((most, each) => Math.max(most, each), 0);
}
