import type { Crop } from './crop.js';
import { framePlanes, type Frame } from './frame.js';
import { rgbWeights } from './yuv-colour.js';

/**
 * Resizes an upright rectangle of a frame with the antialiasing triangle of Pillow (`BILINEAR`) and of torchvision
 * (`antialias=True`), the two directions one after the other.
 */
export function cropAntialiased(frame: Frame, crop: Crop, out: Float32Array, start: number): void {
  const { layout } = frame;
  const planes = framePlanes(frame);
  const weights = rgbWeights(frame.colour);
  const { width, height, toSource } = crop;
  const { xx, x0, yy, y0 } = toSource;
  const black = crop.border === 'black';
  const columns = axisTaps(xx, x0, width, layout.width, black);
  const rows = axisTaps(yy, y0, height, layout.height, black);
  // Chroma samples stand at even luma columns and midway between two luma rows.
  const chromaColumns = axisTaps(xx / 2, x0 / 2, width, layout.chromaWidth, black);
  const chromaRows = axisTaps(yy / 2, (y0 - 0.5) / 2, height, layout.chromaHeight, black);
  const [mixed, chromaMixed] = [mixingRow(columns), mixingRow(chromaColumns)];
  const luma = new Float64Array(width);
  const u = new Float64Array(width);
  const v = new Float64Array(width);
  const [step, channelStep] = crop.layout === 'NCHW' ? [1, width * height] : [3, 1];
  const [red, blue] = crop.channels === 'RGB' ? ([0, 2] as const) : ([2, 0] as const);
  const [redScale, greenScale, blueScale] = [crop.scale[red], crop.scale[1], crop.scale[blue]];
  const [redOffset, greenOffset, blueOffset] = [crop.offset[red], crop.offset[1], crop.offset[blue]];
  for (let row = 0; row < height; row++) {
    resizeRow(planes.y, layout.yStride, rows, row, columns, mixed, luma);
    resizeRow(planes.u, layout.uvStride, chromaRows, row, chromaColumns, chromaMixed, u);
    resizeRow(planes.v, layout.uvStride, chromaRows, row, chromaColumns, chromaMixed, v);
    const rowInside = rows.inside[row] ?? 0;
    for (let column = 0; column < width; column++) {
      const inside = rowInside * (columns.inside[column] ?? 0);
      const light = ((luma[column] ?? 0) - weights.yOffset) * weights.y;
      const blueDifference = (u[column] ?? 0) - 128;
      const redDifference = (v[column] ?? 0) - 128;
      const at = start + (row * width + column) * step;
      out[at + red * channelStep] = clampByte(light + weights.rv * redDifference) * inside * redScale + redOffset;
      out[at + channelStep] = clampByte(light + weights.gu * blueDifference + weights.gv * redDifference) * inside * greenScale + greenOffset;
      out[at + blue * channelStep] = clampByte(light + weights.bu * blueDifference) * inside * blueScale + blueOffset;
    }
  }
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** What each output pixel is made of along one direction. */
interface Taps {
  /** The first source pixel of each output pixel, how many there are, and where their weights begin. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly begin: Int32Array;
  /** Sum to 1 for each output pixel (0 for one that is all outside the frame). */
  readonly weights: Float64Array;
  /** How much of each output pixel is inside the frame, 0 to 1; 1 where the border is repeated. */
  readonly inside: Float64Array;
}

function axisTaps(scale: number, origin: number, count: number, size: number, black: boolean): Taps {
  const reach = Math.max(1, scale);
  // The rectangle's own pixels: those whose centres lie between its edges.
  const lowest = Math.ceil(origin - scale / 2 - 1e-9);
  const highest = Math.floor(origin + scale * (count - 0.5) + 1e-9);
  // Source pixels [from, to] of each output pixel, some of them perhaps outside the frame.
  const [from, to] = [new Int32Array(count), new Int32Array(count)];
  const taps = { first: new Int32Array(count), count: new Int32Array(count), begin: new Int32Array(count), inside: new Float64Array(count) };
  let all = 0;
  for (let i = 0; i < count; i++) {
    const centre = origin + scale * i;
    // A rectangle narrower than a pixel may hold no centre: then the nearest one stands for it.
    const nearest = Math.round(centre);
    const low = Math.min(Math.max(Math.ceil(centre - reach), lowest), nearest);
    const high = Math.max(Math.min(Math.floor(centre + reach), highest), low);
    const first = Math.min(Math.max(low, 0), size - 1);
    const length = Math.min(Math.max(high, 0), size - 1) - first + 1;
    from[i] = low;
    to[i] = high;
    taps.first[i] = first;
    taps.count[i] = length;
    taps.begin[i] = all;
    all += length;
  }
  const weights = new Float64Array(all);
  for (let i = 0; i < count; i++) taps.inside[i] = weigh(origin + scale * i, reach, from[i] ?? 0, to[i] ?? 0, size, black, weights, taps.begin[i] ?? 0);
  return { ...taps, weights };
}

/**
 * Writes the weights of the source pixels [from, to] of one output pixel, those inside the frame; what is outside counts
 * for the nearest one inside, or for nothing where the border is black.
 * @returns how much of the output pixel is inside, 0 to 1.
 */
function weigh(centre: number, reach: number, from: number, to: number, size: number, black: boolean, weights: Float64Array, begin: number): number {
  const first = Math.min(Math.max(from, 0), size - 1);
  const end = begin + Math.min(Math.max(to, 0), size - 1) - first + 1;
  let total = 0;
  let inside = 0;
  for (let tap = from; tap <= to; tap++) {
    const weight = Math.max(0, 1 - Math.abs(tap - centre) / reach);
    total += weight;
    const outside = tap < 0 || tap >= size;
    if (outside && black) continue;
    inside += weight;
    const at = begin + Math.min(Math.max(tap, 0), size - 1) - first;
    weights[at] = (weights[at] ?? 0) + weight;
  }
  for (let at = begin; at < end; at++) weights[at] = inside > 0 ? (weights[at] ?? 0) / inside : 0;
  return total > 0 ? inside / total : 0;
}

/** Room for one row of the source columns that any output pixel is made of. */
function mixingRow({ first, count }: Taps): Float64Array {
  const last = first.length - 1;
  return new Float64Array((first[last] ?? 0) + (count[last] ?? 0) - (first[0] ?? 0));
}

/** One output row of a plane: its source rows mixed (in `mixed`, whatever it held), then that row's columns. */
function resizeRow(plane: Uint8Array, stride: number, rows: Taps, row: number, columns: Taps, mixed: Float64Array, into: Float64Array): void {
  const left = columns.first[0] ?? 0;
  mixed.fill(0);
  const begin = rows.begin[row] ?? 0;
  const taps = rows.count[row] ?? 0;
  for (let tap = 0; tap < taps; tap++) {
    const weight = rows.weights[begin + tap] ?? 0;
    const line = ((rows.first[row] ?? 0) + tap) * stride + left;
    for (let column = 0; column < mixed.length; column++) mixed[column] = (mixed[column] ?? 0) + weight * (plane[line + column] ?? 0);
  }
  const { first, count, begin: begins, weights } = columns;
  for (let column = 0; column < into.length; column++) {
    const from = (first[column] ?? 0) - left;
    const weightsAt = begins[column] ?? 0;
    const length = count[column] ?? 0;
    let sum = 0;
    for (let tap = 0; tap < length; tap++) sum += (weights[weightsAt + tap] ?? 0) * (mixed[from + tap] ?? 0);
    into[column] = sum;
  }
}
